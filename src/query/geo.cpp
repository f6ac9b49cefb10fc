#include "query/geo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace tombolo::query {
namespace {

constexpr double kRadiansPerDegree = std::numbers::pi / 180;

Error invalid(std::string what) {
  return {ErrorCode::kInvalidArgument, std::move(what)};
}

/// A ring of a polygon: closed, and at least three places in it.
Result<void> check_ring(const std::vector<GeoPoint>& ring) {
  if (ring.empty() || ring.front() != ring.back()) {
    return invalid("a ring must end where it begins");
  }
  std::vector<GeoPoint> places(ring.begin(), ring.end() - 1);
  std::ranges::sort(places, [](const GeoPoint& a, const GeoPoint& b) {
    return a.longitude != b.longitude ? a.longitude < b.longitude : a.latitude < b.latitude;
  });
  if (std::unique(places.begin(), places.end()) - places.begin() < 3) {
    return invalid("a ring needs at least 3 different points");
  }
  return {};
}

}  // namespace

bool is_valid(GeoPoint point) noexcept {
  // Written so that NaN fails.
  return point.longitude >= -180 && point.longitude <= 180 && point.latitude >= -90 &&
         point.latitude <= 90;
}

Result<GeoShape> GeoShape::make(const GeoRegion& region) {
  for (const std::vector<GeoPoint>& ring : region.rings) {
    if (!std::ranges::all_of(ring, [](GeoPoint point) { return is_valid(point); })) {
      return invalid("a longitude is outside -180 to 180 or a latitude outside -90 to 90");
    }
  }
  GeoShape shape;
  switch (region.shape) {
    case GeoRegion::Shape::kCircle:
      if (region.rings.size() != 1 || region.rings[0].size() != 1) {
        return invalid("a circle has one centre");
      }
      if (!(region.radius >= 0)) return invalid("the radius of a circle is negative");
      shape.centre_ = on_sphere(region.rings[0][0]);
      shape.radius_ = region.radius;
      return shape;
    case GeoRegion::Shape::kBox: {
      if (region.rings.size() != 1 || region.rings[0].size() != 2) {
        return invalid("a box has two corners");
      }
      const GeoPoint a = region.rings[0][0];
      const GeoPoint b = region.rings[0][1];
      const GeoPoint corners[] = {a, {b.longitude, a.latitude}, b, {a.longitude, b.latitude}, a};
      shape.rings_.push_back(make_ring(corners));
      return shape;
    }
    case GeoRegion::Shape::kPolygon:
      if (region.rings.empty()) return invalid("a polygon needs a ring");
      for (const std::vector<GeoPoint>& ring : region.rings) {
        if (const Result<void> checked = check_ring(ring); !checked) return checked.error();
        shape.rings_.push_back(make_ring(ring));
      }
      return shape;
  }
  return invalid("the region has no known shape");
}

bool GeoShape::contains(GeoPoint point) const noexcept {
  if (!is_valid(point)) return false;
  const Vector place = on_sphere(point);
  if (rings_.empty()) {
    const Vector apart{place.x - centre_.x, place.y - centre_.y, place.z - centre_.z};
    const double half_chord = std::min(1.0, std::sqrt(dot(apart, apart)) / 2);
    return 2 * std::asin(half_chord) <= radius_;
  }
  if (!is_inside(rings_[0], place)) return false;
  return std::none_of(
      rings_.begin() + 1, rings_.end(), [&](const Ring& hole) { return is_inside(hole, place); });
}

GeoShape::Vector GeoShape::on_sphere(GeoPoint point) noexcept {
  const double longitude = point.longitude * kRadiansPerDegree;
  const double latitude = point.latitude * kRadiansPerDegree;
  return {std::cos(latitude) * std::cos(longitude),
          std::cos(latitude) * std::sin(longitude),
          std::sin(latitude)};
}

GeoShape::Vector GeoShape::cross(const Vector& a, const Vector& b) noexcept {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

double GeoShape::dot(const Vector& a, const Vector& b) noexcept {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

GeoShape::Ring GeoShape::make_ring(std::span<const GeoPoint> points) {
  Ring ring;
  Vector sum;
  for (const GeoPoint& point : points) {
    const Vector corner = on_sphere(point);
    ring.corners.push_back(corner);
    sum = {sum.x + corner.x, sum.y + corner.y, sum.z + corner.z};
  }
  // Opposite the middle, and a little to the side of it, so that the arcs to it meet neither
  // corners nor, from the middle itself, no direction at all.
  const Vector aside =
      cross(sum, std::abs(sum.z) < std::abs(sum.x) ? Vector{0, 0, 1} : Vector{1, 0, 0});
  constexpr double kAside = 0.012'345'678'9;
  ring.outside = {kAside * aside.x - sum.x, kAside * aside.y - sum.y, kAside * aside.z - sum.z};
  return ring;
}

bool GeoShape::is_inside(const Ring& ring, const Vector& point) noexcept {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.corners.size(); ++i) {
    inside ^= arcs_cross(ring.corners[i], ring.corners[i + 1], point, ring.outside);
  }
  return inside;
}

bool GeoShape::arcs_cross(const Vector& a,
                          const Vector& b,
                          const Vector& c,
                          const Vector& d) noexcept {
  const Vector ab = cross(a, b);
  const double acb = -dot(ab, c);
  const double bda = dot(ab, d);
  if (acb * bda <= 0) return false;
  const Vector cd = cross(c, d);
  return acb * -dot(cd, b) > 0 && acb * dot(cd, a) > 0;
}

}  // namespace tombolo::query
