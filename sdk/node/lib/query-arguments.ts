import { Collection } from "./collection";
import { Counter } from "./counter";
import { scalarTypeOf } from "./mixed";
import { NativeQueryArgument, NativeType } from "./native";
import { isManaged, modelOf, rowOf } from "./realm-object";
import { converterOf } from "./values";

/** A place on the globe. Source: spec of the SDK, "Geospatial". */
export type GeoPosition = readonly [number, number] | readonly [number, number, number];
export interface CanonicalGeoPoint {
  readonly type: "Point";
  readonly coordinates: GeoPosition;
}
export type GeoPoint =
  | GeoPosition
  | { readonly latitude: number; readonly longitude: number; readonly altitude?: number }
  | CanonicalGeoPoint;
export interface GeoCircle {
  readonly center: GeoPoint;
  /** In radians. */
  readonly distance: number;
}
export interface GeoBox {
  readonly bottomLeft: GeoPoint;
  readonly topRight: GeoPoint;
}
export interface CanonicalGeoPolygon {
  readonly type: "Polygon";
  readonly coordinates: readonly (readonly GeoPosition[])[];
}
export type GeoPolygon =
  | { readonly outerRing: readonly GeoPoint[]; readonly holes?: readonly (readonly GeoPoint[])[] }
  | CanonicalGeoPolygon;

/** Distances on the globe as a `GeoCircle` has them. */
export function kmToRadians(kilometers: number): number {
  return kilometers / 6378.1;
}
export function miToRadians(miles: number): number {
  return miles / 3963.16760121;
}

const SHAPE = { box: 0, circle: 1, polygon: 2 } as const;

function toPoint(point: GeoPoint): [number, number] {
  if ("latitude" in point) return [point.longitude, point.latitude];
  const position: GeoPosition = "coordinates" in point ? point.coordinates : point;
  return [position[0], position[1]];
}

/** The region that an object of one of the documented forms is; undefined for any other object. */
function toRegion(value: object): NativeQueryArgument | undefined {
  const region = value as Partial<GeoCircle & GeoBox> & Record<string, unknown>;
  if (region.center !== undefined && typeof region.distance === "number") {
    return { shape: SHAPE.circle, rings: [[toPoint(region.center)]], radius: region.distance };
  }
  if (region.bottomLeft !== undefined && region.topRight !== undefined) {
    const corners = [toPoint(region.bottomLeft), toPoint(region.topRight)];
    return { shape: SHAPE.box, rings: [corners], radius: 0 };
  }
  const rings =
    region["type"] === "Polygon"
      ? (region["coordinates"] as GeoPoint[][])
      : Array.isArray(region["outerRing"])
        ? [region["outerRing"] as GeoPoint[], ...((region["holes"] ?? []) as GeoPoint[][])]
        : undefined;
  if (rings === undefined) return undefined;
  return { shape: SHAPE.polygon, rings: rings.map((ring) => ring.map(toPoint)), radius: 0 };
}

/** What the addon takes for an argument of `filtered`. */
export function toQueryArgument(value: unknown, inList = false): NativeQueryArgument {
  if (value === null || value === undefined) return { type: NativeType.Mixed, value: null };
  const type = scalarTypeOf(value);
  if (type !== undefined) {
    return { type, value: converterOf(type).toNative(value, "query argument") };
  }
  if (typeof value === "object") return objectArgument(value, inList);
  throw new Error(`Can't convert ${typeof value} to Mixed`);
}

function objectArgument(value: object, inList: boolean): NativeQueryArgument {
  if (isManaged(value)) return { classId: modelOf(value).native.id, row: rowOf(value) };
  if (value instanceof Counter) {
    throw new Error("Using a Counter as a query argument is not supported.");
  }
  const isCollection = value instanceof Collection;
  if (isCollection || value instanceof Set || (inList && Array.isArray(value))) {
    const kind = isCollection ? "collection" : Array.isArray(value) ? "nested array" : "Set";
    throw new Error(`Using a ${kind} as a query argument is not supported.`);
  }
  if (Array.isArray(value)) return { list: value.map((element) => toQueryArgument(element, true)) };
  const region = toRegion(value);
  if (region !== undefined) return region;
  const name = (value.constructor as { name?: string } | undefined)?.name ?? "null";
  throw new Error(`Unable to convert an object with ctor '${name}' to a Mixed`);
}
