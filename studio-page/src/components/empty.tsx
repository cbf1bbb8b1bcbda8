import type { ComponentChildren } from 'preact';
import './empty.css';
import { Icon, type IconName } from './icon.tsx';

export interface EmptyProps {
  readonly icon?: IconName;
  readonly title: string;
  /** It stands in the place of a whole view, whose heading the title then is. */
  readonly isView?: boolean;
  /** What to do about it: a button or a link. */
  readonly action?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** Says what would be here, and how it gets here. */
export function Empty({ icon, title, isView, action, children }: EmptyProps) {
  return (
    <div class="empty">
      {icon && <Icon name={icon} size={36} />}
      {isView ? <h1 class="title">{title}</h1> : <p class="title">{title}</p>}
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
