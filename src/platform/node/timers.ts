/** The longest that a timer of Node can wait, in milliseconds: 24.8 days. One that is to wait longer fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
