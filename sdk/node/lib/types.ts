import { Decimal128, ObjectId, UUID } from "bson";

import { Counter } from "./counter";
import { Dictionary } from "./dictionary";
import { List } from "./list";
import { Results } from "./results";
import { RealmSet } from "./set";

/** Names for the types of properties. */

const DateClass = Date;
type DateClass = Date;

export { Counter, Decimal128, Dictionary, List, ObjectId, UUID };
export { DateClass as Date, RealmSet as Set, Results as LinkingObjects };
export const Data = ArrayBuffer;
export type Data = ArrayBuffer;
export type Bool = boolean;
export type String = string;
export type Int = number;
export type Float = number;
export type Double = number;
export type Mixed = unknown;
