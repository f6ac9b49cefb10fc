import * as api from "./api";
import "./namespace";
import { Realm } from "./realm";

Object.assign(Realm, api);

export = Realm;
