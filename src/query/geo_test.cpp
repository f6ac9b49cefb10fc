#include "query/geo.h"

#include <gtest/gtest.h>

namespace tombolo::query {
namespace {

using Shape = GeoRegion::Shape;

bool contains(const GeoRegion& region, GeoPoint point) {
  return GeoShape::make(region).value().contains(point);
}

TEST(Geo, ABoxIsTheSameFromEitherPairOfCorners) {
  const GeoRegion box{Shape::kBox, {{{9, 49}, {11, 51}}}, 0};
  const GeoRegion other{Shape::kBox, {{{11, 49}, {9, 51}}}, 0};
  for (const GeoRegion& region : {box, other}) {
    EXPECT_TRUE(contains(region, {10, 50}));
    EXPECT_FALSE(contains(region, {12, 50}));
    EXPECT_FALSE(contains(region, {10, 48}));
    EXPECT_FALSE(contains(region, {-170, -50}));
  }
}

TEST(Geo, ARingAcrossTheDateLineHoldsTheSmallerArea) {
  const GeoRegion region{
      Shape::kPolygon, {{{170, -10}, {-170, -10}, {-170, 10}, {170, 10}, {170, -10}}}, 0};

  EXPECT_TRUE(contains(region, {180, 0}));
  EXPECT_TRUE(contains(region, {-175, 5}));
  EXPECT_FALSE(contains(region, {0, 0}));
}

TEST(Geo, EveryPointOfAGridIsInExactlyOneOfTheOctants) {
  std::vector<GeoShape> octants;
  for (const double latitude : {90.0, -90.0}) {
    for (double longitude = -180; longitude < 180; longitude += 90) {
      const GeoPoint pole{longitude, latitude};
      octants.push_back(
          GeoShape::make({Shape::kPolygon, {{pole, {longitude, 0}, {longitude + 90, 0}, pole}}, 0})
              .value());
    }
  }
  for (double longitude = -177; longitude < 180; longitude += 7) {
    for (double latitude = -88; latitude < 90; latitude += 5) {
      int count = 0;
      for (const GeoShape& octant : octants) count += octant.contains({longitude, latitude});
      EXPECT_EQ(count, 1) << longitude << ", " << latitude;
    }
  }
}

TEST(Geo, ACircleReachesAsFarAsItsRadiusInRadians) {
  const GeoRegion circle{Shape::kCircle, {{{0, 0}}}, 0.1};

  EXPECT_TRUE(contains(circle, {5.72, 0}));
  EXPECT_FALSE(contains(circle, {0, 5.74}));
  EXPECT_TRUE(contains({Shape::kCircle, {{{0, 0}}}, 4}, {180, 0}));
}

TEST(Geo, WhatIsNoRegionIsRefused) {
  EXPECT_FALSE(GeoShape::make({Shape::kCircle, {{{0, 91}}}, 1}));
  EXPECT_FALSE(GeoShape::make({Shape::kCircle, {{{0, 0}}}, -1}));
  EXPECT_FALSE(GeoShape::make({Shape::kPolygon, {{{0, 0}, {1, 0}, {1, 1}}}, 0}));
  EXPECT_FALSE(GeoShape::make({Shape::kPolygon, {{{0, 0}, {1, 0}, {0, 0}, {1, 0}, {0, 0}}}, 0}));
  EXPECT_FALSE(GeoShape::make({Shape::kPolygon, {}, 0}));
}

}  // namespace
}  // namespace tombolo::query
