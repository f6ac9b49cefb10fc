#include "store/realm_names.h"

#include <array>
#include <cstring>

#include <sodium/crypto_generichash.h>

#include "base/assertion.h"
#include "base/error.h"
#include "store/keys.h"
#include "store/realm_state.h"

namespace tombolo::store {
namespace {

constexpr std::size_t kPlainNameBytesMax = 400;
constexpr std::size_t kNameBytesMax = 65'536;

Key name_key(std::string_view name) {
  Key key(kEnvironmentRealm, Space::kRealmName);
  key.append(as_bytes(name.substr(0, kPlainNameBytesMax)));
  if (name.size() <= kPlainNameBytesMax) return key;
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash;
  crypto_generichash(hash.data(),
                     hash.size(),
                     reinterpret_cast<const unsigned char*>(name.data()),
                     name.size(),
                     nullptr,
                     0);
  return key.append(std::as_bytes(std::span(hash)));
}

}  // namespace

std::optional<RealmId> find_realm(KeyValueTransaction& transaction, std::string_view name) {
  const auto record = transaction.find(name_key(name));
  if (!record) return std::nullopt;
  std::uint32_t id = 0;
  if (record->size() != sizeof(id) + name.size() || as_text(record->subspan(sizeof(id))) != name) {
    throw Error(ErrorCode::kFileCorrupt, "the name of a realm leads to another one");
  }
  std::memcpy(&id, record->data(), sizeof(id));
  return RealmId(id);
}

void for_each_realm(KeyValueTransaction& transaction,
                    const std::function<void(std::string_view name, RealmId id)>& visit) {
  const Key prefix(kEnvironmentRealm, Space::kRealmName);
  KeyValueCursor cursor(transaction);
  for (auto item = cursor.find_at_or_after(prefix); starts_with(item.key, prefix);
       item = cursor.next()) {
    std::uint32_t id = 0;
    const BytesView record = transaction.read(item);
    if (record.size() < sizeof(id)) {
      throw Error(ErrorCode::kFileCorrupt, "the name of a realm is cut");
    }
    std::memcpy(&id, record.data(), sizeof(id));
    visit(as_text(record.subspan(sizeof(id))), RealmId(id));
  }
}

RealmId create_realm(KeyValueTransaction& transaction, std::string_view name) {
  if (name.size() > kNameBytesMax) {
    throw Error(ErrorCode::kLimitExceeded, "the name of a realm is too long");
  }
  // The environment's own state is the id that the next realm gets.
  const Key next_key(kEnvironmentRealm, Space::kRealmState);
  std::uint32_t next = kDefaultRealm.value();
  if (const auto record = transaction.find(next_key)) {
    TOMBOLO_ASSERT(record->size() == sizeof(next));
    std::memcpy(&next, record->data(), sizeof(next));
  }
  const RealmId id(next++);
  TOMBOLO_ASSERT(id < kEndRealm);
  transaction.put(next_key, std::as_bytes(std::span(&next, 1)));

  Bytes record = to_bytes(std::as_bytes(std::span(&id, 1)));
  const BytesView name_bytes = as_bytes(name);
  record.insert(record.end(), name_bytes.begin(), name_bytes.end());
  transaction.put(name_key(name), record);
  const RealmRecord empty;
  transaction.put(Key(id, Space::kRealmState), std::as_bytes(std::span(&empty, 1)));
  return id;
}

}  // namespace tombolo::store
