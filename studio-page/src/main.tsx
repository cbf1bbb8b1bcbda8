import { render } from 'preact';
import 'virtual:report/basics.css';
import './theme.css';
import { App } from './app.tsx';
import { ignoreStrayDrops } from './dropped.ts';
import { keepFocus } from './keep-focus.ts';
import { guardLeaving } from './leaving.ts';
import { connect } from './live.ts';
import { keepOffline } from './offline.ts';

connect();
ignoreStrayDrops();
const root = document.getElementById('app')!;
render(<App />, root);
keepFocus(root);
guardLeaving();
void keepOffline();
