import { assertString } from "./assert";
import { TypeAssertionError } from "./errors";

/** How somebody logs in. */
export class Credentials {
  /** null: anonymous. */
  readonly email: string | null;
  readonly password: string;
  /** An anonymous user that is logged in already is taken instead of a new one. */
  readonly reuse: boolean;

  private constructor(email: string | null, password: string, reuse: boolean) {
    this.email = email;
    this.password = password;
    this.reuse = reuse;
  }

  static anonymous(reuse = true): Credentials {
    return new Credentials(null, "", reuse);
  }

  static emailPassword(credentials: { email: string; password: string }): Credentials;
  static emailPassword(email: string, password: string): Credentials;
  static emailPassword(
    first: string | { email: string; password: string },
    second?: string,
  ): Credentials {
    const [email, password] =
      typeof first === "object" && first !== null ? [first.email, first.password] : [first, second];
    assertString(email, "email");
    assertString(password, "password");
    return new Credentials(email, password, false);
  }
}

export function assertCredentials(value: unknown): asserts value is Credentials {
  if (!(value instanceof Credentials)) {
    throw new TypeAssertionError("an instance of Credentials", value, "credentials");
  }
}
