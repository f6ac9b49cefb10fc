#include <gmock/gmock.h>

/// The entry point of every test program. RapidCheck prints the seed of a failing property; set
/// RC_PARAMS="seed=N" to repeat it.
int main(int argc, char** argv) {
  ::testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
