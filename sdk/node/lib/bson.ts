export { ObjectId, ObjectId as ObjectID, Decimal128, UUID, Binary, EJSON } from "bson";
