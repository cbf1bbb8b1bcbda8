import { lexer, type Token, type Tokens } from 'marked';
import type { ComponentChildren } from 'preact';
import './markdown.css';

/**
 * A text in Markdown as elements: no HTML of the text becomes part of the page, and links lead to web addresses alone.
 *
 * @param level of the heading that a first-level heading becomes
 */
export function Markdown({ text, level }: { readonly text: string; readonly level: 2 | 3 | 4 }) {
  return <div class="markdown">{blocks(lexer(text), level)}</div>;
}

const blocks = (tokens: readonly Token[], level: number): ComponentChildren =>
  tokens.map((token, i) => <Block key={i} token={token} level={level} />);

function Block({ token, level }: { readonly token: Token; readonly level: number }) {
  switch (token.type) {
    case 'heading': {
      const Heading = `h${Math.min(6, level + token.depth - 1)}` as 'h3';
      return <Heading>{words(token.tokens)}</Heading>;
    }
    case 'paragraph':
      return <p>{words(token.tokens)}</p>;
    case 'text':
      return <>{token.tokens ? words(token.tokens) : plain(token.text)}</>;
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre tabIndex={0}>
          <code>{token.text}</code>
        </pre>
      );
    case 'list': {
      const items = (token as Tokens.List).items.map((item, i) => (
        <li key={i}>{blocks(item.tokens, level)}</li>
      ));
      return token.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return <Table token={token as Tokens.Table} />;
    case 'blockquote':
      return <blockquote>{blocks(token.tokens ?? [], level)}</blockquote>;
    case 'hr':
      return <hr />;
    case 'space':
    case 'def':
      return null;
    default:
      // HTML and whatever else there is, as it is written.
      return <p>{token.raw}</p>;
  }
}

function Table({ token: { header, rows } }: { readonly token: Tokens.Table }) {
  const hasHead = header.some(({ text }) => text.trim() !== '');
  const align = ({ align: side }: Tokens.TableCell) => (side === 'right' ? 'numeric' : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div class="scroll" tabIndex={0}>
      <table>
        {hasHead && (
          <thead>
            <tr>
              {header.map((cell, i) => (
                <th key={i} scope="col" class={align(cell)}>
                  {words(cell.tokens)}
                </th>
              ))}
            </tr>
          </thead>
        )}
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) =>
                j === 0 ? (
                  <th key={j} scope="row">
                    {words(cell.tokens)}
                  </th>
                ) : (
                  <td key={j} class={align(cell)}>
                    {words(cell.tokens)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const words = (tokens: readonly Token[] = []): ComponentChildren =>
  tokens.map((token, i) => <Words key={i} token={token} />);

function Words({ token }: { readonly token: Token }) {
  switch (token.type) {
    case 'strong':
      return <strong>{words(token.tokens)}</strong>;
    case 'em':
      return <em>{words(token.tokens)}</em>;
    case 'del':
      return <del>{words(token.tokens)}</del>;
    case 'codespan':
      return <code>{token.text}</code>;
    case 'br':
      return <br />;
    case 'link':
      return /^https?:/i.test(token.href) ? (
        <a href={token.href} target="_blank" rel="noreferrer">
          {words(token.tokens)}
        </a>
      ) : (
        <span>{words(token.tokens)}</span>
      );
    case 'text':
    case 'escape':
      return <>{plain(token.text)}</>;
    default:
      return <>{token.raw}</>;
  }
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/** A text without the entities that Markdown writes some characters as. */
function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name]);
}
