/** What a Babel plugin replaces; without it they are called, which is an error. */

class DecoratorError extends Error {
  override name = "DecoratorError";

  constructor(decorator: string) {
    super(
      `@${decorator}() was called: decorators are for a Babel plugin. Declare a static schema instead.`,
    );
  }
}

export type IndexDecorator = (target: unknown, memberName: string) => void;
export type MapToDecorator = (propertyName: string) => (target: unknown, member: string) => void;

export const index: IndexDecorator = () => {
  throw new DecoratorError("index");
};
export const mapTo: MapToDecorator = () => {
  throw new DecoratorError("mapTo");
};
