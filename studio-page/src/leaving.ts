const losses: (() => boolean)[] = [];

/** Names something that would be lost if the page were left or loaded anew while it is there. */
export function askBeforeLosing(isThere: () => boolean): void {
  losses.push(isThere);
}

/** Asks before the page is left while that would lose something. */
export function guardLeaving(): void {
  addEventListener('beforeunload', (event) => {
    if (losses.some((isThere) => isThere())) event.preventDefault();
  });
}
