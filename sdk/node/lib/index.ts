import * as api from "./api";
import { defineGlobal } from "./global";
import "./namespace";
import { Realm } from "./realm";

Object.assign(Realm, api);
defineGlobal(Realm);

export = Realm;
