import { render } from 'preact'
import { Api } from './api.ts'
import { App } from './app.tsx'

render(<App api={new Api()} />, document.getElementById('page')!)
