#include "store/metadata.h"

#include "base/error.h"
#include "store/key_value.h"
#include "store/keys.h"

namespace tombolo::store {
namespace {

Key record_key(RealmId realm, BytesView key) {
  if (key.empty() || key.size() > kMetadataKeyBytesMax) {
    throw Error(ErrorCode::kLimitExceeded,
                "a metadata key of " + std::to_string(key.size()) + " bytes");
  }
  return Key(realm, Space::kMetadata).append(key);
}

}  // namespace

std::optional<BytesView> MetadataReader::find(BytesView key) const {
  return transaction_->find(record_key(realm_, key));
}

void MetadataReader::scan(BytesView prefix,
                          const std::function<bool(BytesView key, BytesView value)>& visit) const {
  const Key space(realm_, Space::kMetadata);
  const Key first = Key(realm_, Space::kMetadata).append(prefix);
  KeyValueCursor cursor(*transaction_);
  for (auto item = cursor.find_at_or_after(first); starts_with(item.key, first);
       item = cursor.next()) {
    if (!visit(item.key.subspan(space.size()), transaction_->read(item))) return;
  }
}

void MetadataWriter::put(BytesView key, BytesView value) {
  transaction_->put(record_key(realm_, key), value);
}

bool MetadataWriter::erase(BytesView key) {
  return transaction_->erase(record_key(realm_, key));
}

}  // namespace tombolo::store
