import { render } from 'preact';
import 'virtual:report/basics.css';
import './theme.css';
import { App } from './app.tsx';
import { ignoreStrayDrops } from './dropped.ts';
import { connect } from './live.ts';
import { keepOffline } from './offline.ts';

connect();
ignoreStrayDrops();
render(<App />, document.getElementById('app')!);
void keepOffline();
