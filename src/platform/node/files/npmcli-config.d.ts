// npm's own configuration loader is published without types.
declare module '@npmcli/config' {
  export default class Config {
    constructor(options: {
      definitions: object;
      shorthands: object;
      flatten: object;
      npmPath: string;
      env?: NodeJS.ProcessEnv;
      argv?: string[];
      warn?: boolean;
    });
    load(): Promise<void>;
    /** The options as npm's libraries take them. */
    readonly flat: Record<string, unknown>;
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const definitions: { definitions: object; shorthands: object; flatten: object };
  export default definitions;
}
