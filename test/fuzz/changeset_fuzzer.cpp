// Reading a changeset from arbitrary bytes ends with a result, reads nothing beyond the bytes and
// allocates in proportion to them. What is read whole and what is read in steps is the same, and
// it still is when it was written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "changeset/changeset.h"
#include "changeset/reader.h"
#include "test/support/canonical_json.h"

namespace {

using namespace tombolo;  // NOLINT: a program of one function

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t count_addresses(BytesView bytes) {
  changeset::ChangesetReader reader(bytes);
  std::size_t count = 0;
  while (reader.next_address().value() != nullptr) ++count;
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes(reinterpret_cast<const std::byte*>(data), size);
  const Result<changeset::Changeset> parsed = changeset::parse_view(bytes);
  if (!parsed) {
    require(parsed.error().code() == ErrorCode::kBadChangeset);
    return 0;
  }
  require(count_addresses(bytes) == parsed->instructions.size());

  const Bytes encoded = changeset::encode(*parsed);
  const changeset::Changeset again = changeset::parse(encoded).value();
  require(test::instructions_json(again) == test::instructions_json(*parsed));
  require(changeset::encode(again) == encoded);
  return 0;
}
