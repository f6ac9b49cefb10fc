#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

/// Regions of the sphere, and whether a point lies in one.

namespace tombolo::query {

/// In degrees: longitude -180 to 180, latitude -90 to 90.
struct GeoPoint {
  double longitude = 0;
  double latitude = 0;

  friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

/// An area bounded by great-circle arcs or, with a radius, a cap of the sphere.
struct GeoRegion {
  enum class Shape : std::uint8_t { kBox, kCircle, kPolygon };

  Shape shape = Shape::kBox;
  /// A box: one ring of two opposite corners. A circle: one ring of the centre. A polygon: the
  /// outer ring, then its holes, each ring with its first point repeated at the end.
  std::vector<std::vector<GeoPoint>> rings;
  double radius = 0;  ///< Of a circle, in radians on the unit sphere.

  friend bool operator==(const GeoRegion&, const GeoRegion&) = default;
};

/// A region that was checked and made ready to be asked.
///
/// The inside of a ring is the smaller of the two areas that it bounds. A point is inside when an
/// arc from it to a point that is certainly outside crosses the ring an odd number of times.
///
/// Source:  spec of the query language, "Geospatial"; the test of two arcs is the orientation test
///          of four triangles.
class GeoShape {
 public:
  /// Errors:  `kInvalidArgument`: what is wrong with the region.
  [[nodiscard]] static Result<GeoShape> make(const GeoRegion& region);

  [[nodiscard]] bool contains(GeoPoint point) const noexcept;

 private:
  struct Vector {
    double x = 0;
    double y = 0;
    double z = 0;
  };
  struct Ring {
    std::vector<Vector> corners;  ///< Closed: the last is the first.
    Vector outside;
  };

  [[nodiscard]] static Vector on_sphere(GeoPoint point) noexcept;
  [[nodiscard]] static Vector cross(const Vector& a, const Vector& b) noexcept;
  [[nodiscard]] static double dot(const Vector& a, const Vector& b) noexcept;
  [[nodiscard]] static Ring make_ring(std::span<const GeoPoint> points);
  [[nodiscard]] static bool is_inside(const Ring& ring, const Vector& point) noexcept;
  [[nodiscard]] static bool arcs_cross(const Vector& a,
                                       const Vector& b,
                                       const Vector& c,
                                       const Vector& d) noexcept;

  std::vector<Ring> rings_;  ///< The outer one first; none for a circle.
  Vector centre_;
  double radius_ = 0;
};

/// Whether the coordinates are within their bounds.
[[nodiscard]] bool is_valid(GeoPoint point) noexcept;

}  // namespace tombolo::query
