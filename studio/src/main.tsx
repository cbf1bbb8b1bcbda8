import { render } from 'preact';
import './theme.css';
import { App } from './app.tsx';
import { connect } from './live.ts';

connect();
render(<App />, document.getElementById('app')!);
