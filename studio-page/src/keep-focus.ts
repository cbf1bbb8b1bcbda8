/** What may take the focus in the place of something inside it that is gone. */
const PLACES = 'li, tr, form, fieldset, section, article, dialog, main';

/**
 * Where what had the focus is taken away, such as a button that was pressed, the focus goes to what lay around it.
 * Browsers would leave it nowhere, and a screen reader at the top of the page.
 */
export function keepFocus(root: Element): void {
  let around: readonly Element[] = [];
  document.addEventListener('focusin', ({ target }) => {
    around = target instanceof Element ? [...ancestors(target)] : [];
  });
  document.addEventListener('pointerdown', ({ target }) => {
    // Who points elsewhere has left it.
    if (!(target instanceof Node && around[0]?.contains(target))) around = [];
  });
  new MutationObserver(() => {
    if (around.length === 0 || around[0].isConnected) return;
    const place = around.find((each) => each.isConnected)?.closest<HTMLElement>(PLACES);
    around = [];
    if (!place || document.activeElement !== document.body) return;
    if (!place.hasAttribute('tabindex')) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }).observe(root, { childList: true, subtree: true });
}

function* ancestors(element: Element): Generator<Element> {
  for (let each: Element | null = element; each; each = each.parentElement) yield each;
}
