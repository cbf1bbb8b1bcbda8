import { render } from 'preact';
import 'virtual:report/basics.css';
import './theme.css';
import { App } from './app.tsx';
import { connect } from './live.ts';

connect();
render(<App />, document.getElementById('app')!);
