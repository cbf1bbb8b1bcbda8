import { Component, type ComponentChildren } from 'preact';
import { Message } from './message.tsx';

interface State {
  readonly error?: unknown;
}

/** Where a mistake of ours ends: the rest of the page goes on. */
export class Boundary extends Component<{ readonly children: ComponentChildren }, State> {
  override state: State = {};

  static override getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <Message
        kind="error"
        title="This view has failed"
        onRetry={() => this.setState({ error: undefined })}
        retry="Show it again"
      >
        That is a mistake in Studio, not yours: {error instanceof Error ? error.message : String(error)}
      </Message>
    );
  }
}
