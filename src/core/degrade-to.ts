// What a budget says when a call may be made by a model of another class only. No error: nobody but the routing of the call sees it.

export class DegradeTo extends Error {
  readonly className: string;
  /** Why, in few words, for the record of the call: such as `budget acme/day`. */
  readonly because: string;

  constructor(className: string, because: string) {
    super(`The call may be made by a model of the class ${className} only: ${because}.`);
    this.name = 'DegradeTo';
    this.className = className;
    this.because = because;
  }
}
