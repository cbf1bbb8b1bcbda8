// Before the first paint, so that nobody who chose dark is blinded first. studio-page/src/theme.ts writes the choice.
try {
  const chosen = localStorage.getItem('harrier-theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is not allowed here: the page follows the system.
}
