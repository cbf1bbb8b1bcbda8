import type { AnchorHTMLAttributes, ComponentChildren } from 'preact';
import { href, navigate, type QueryChange, type View } from '../router.ts';

export interface LinkProps extends Omit<AnchorHTMLAttributes, 'href' | 'role'> {
  readonly view: View;
  readonly query?: QueryChange;
  readonly children?: ComponentChildren;
}

/** A link to a view: an ordinary link for every other click than a plain one. */
export function Link({ view, query, children, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={href(view, query)}
      onClick={(event) => {
        if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(view, query);
      }}
    >
      {children}
    </a>
  );
}
