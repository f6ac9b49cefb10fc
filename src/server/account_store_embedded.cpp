#include "server/account_store_embedded.h"

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace tombolo::server {
namespace {

using nlohmann::json;

// ---- Keys
// ----------------------------------------------------------------------------------------

/// A key under construction: appends keep the order of their values.
class KeyBuilder {
 public:
  explicit KeyBuilder(char kind) : key_("accounts/") { key_ += kind; }

  template <typename Tag>
  KeyBuilder& add(const NamedId<Tag>& id) {
    key_.append(reinterpret_cast<const char*>(id.value.bytes.data()), id.value.bytes.size());
    return *this;
  }
  KeyBuilder& add(std::string_view text) {
    key_ += text;
    return *this;
  }
  /// Times before 1970 do not occur.
  KeyBuilder& add(WallTime time) {
    const auto milliseconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
    for (int shift = 56; shift >= 0; shift -= 8) key_ += static_cast<char>(milliseconds >> shift);
    return *this;
  }
  [[nodiscard]] BytesView bytes() const noexcept { return as_bytes(key_); }

 private:
  std::string key_;
};

KeyBuilder user_key(UserId id) {
  return KeyBuilder('u').add(id);
}
KeyBuilder credential_key(std::string_view email) {
  return KeyBuilder('c').add(email);
}
KeyBuilder sessions_key(UserId user_id) {
  return KeyBuilder('s').add(user_id);
}
KeyBuilder session_key(UserId user_id, LoginSessionId id) {
  return sessions_key(user_id).add(id);
}
KeyBuilder expiries_key() {
  return KeyBuilder('x');
}
KeyBuilder expiry_key(const LoginSession& session) {
  return expiries_key().add(session.expires_at).add(session.user_id).add(session.id);
}

/// What `expiry_key` spells.
struct ExpiryKey {
  WallTime expires_at;
  UserId user_id;
  LoginSessionId session_id;
};
ExpiryKey parse_expiry_key(BytesView key) {
  constexpr std::size_t kIdBytes = sizeof(ObjectId::bytes);
  const std::size_t prefix = expiries_key().bytes().size();
  if (key.size() != prefix + 8 + 2 * kIdBytes) {
    throw Error(ErrorCode::kFileCorrupt, "account record: bad key in the index by expiry");
  }
  std::uint64_t milliseconds = 0;
  for (const std::byte byte : key.subspan(prefix, 8)) {
    milliseconds = milliseconds << 8 | std::to_integer<std::uint64_t>(byte);
  }
  const auto read_id = [&](std::size_t offset) {
    ObjectId id;
    std::memcpy(id.bytes.data(), key.data() + offset, kIdBytes);
    return id;
  };
  return {WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds))),
          UserId{read_id(prefix + 8)},
          LoginSessionId{read_id(prefix + 8 + kIdBytes)}};
}

// ---- Records
// -------------------------------------------------------------------------------------

std::int64_t to_number(WallTime time) {
  return time.time_since_epoch().count();
}

json to_json(const Identity& identity) {
  return {{"id", to_string(identity.id)},
          {"provider", provider_name(identity.provider)},
          {"email", identity.email}};
}

json to_json(const User& user) {
  json identities = json::array();
  for (const Identity& identity : user.identities) identities.push_back(to_json(identity));
  return {{"disabled", user.disabled},
          {"created", to_number(user.created_at)},
          {"last_login", to_number(user.last_login_at)},
          {"identities", std::move(identities)}};
}

json to_json(const PasswordCredential& credential) {
  json record{{"hash", credential.password_hash}, {"identity", to_string(credential.identity_id)}};
  if (credential.user_id) record["user"] = to_string(*credential.user_id);
  return record;
}

json to_json(const LoginSession& session) {
  return {{"device", to_string(session.device_id)},
          {"identity", to_string(session.identity_id)},
          {"created", to_number(session.created_at)},
          {"expires", to_number(session.expires_at)}};
}

/// Reads the members of a record; whatever is not as we write it is corruption.
class RecordReader {
 public:
  RecordReader(const char* kind, BytesView value)
      : RecordReader(kind, json::parse(as_text(value), nullptr, /*allow_exceptions=*/false)) {}
  RecordReader(const char* kind, json record) : kind_(kind), record_(std::move(record)) {}

  [[nodiscard]] bool has(const char* key) const {
    return record_.is_object() && record_.contains(key);
  }
  template <typename T>
  [[nodiscard]] T read(const char* key) const {
    try {
      return record_.at(key).get<T>();
    } catch (const json::exception&) {
      fail(key);
    }
  }
  template <typename Id>
  [[nodiscard]] Id read_id(const char* key) const {
    const auto id = parse_object_id(read<std::string>(key));
    if (!id) fail(key);
    return Id{*id};
  }
  [[nodiscard]] WallTime read_time(const char* key) const {
    return WallTime(std::chrono::milliseconds(read<std::int64_t>(key)));
  }
  [[noreturn]] void fail(const char* key) const {
    throw Error(ErrorCode::kFileCorrupt,
                std::string("account record: ") + kind_ + " without a good '" + key + "'");
  }

 private:
  const char* kind_;
  json record_;
};

Identity read_identity(const json& record) {
  const RecordReader reader("identity", record);
  const auto provider = reader.read<std::string>("provider");
  Identity identity{reader.read_id<IdentityId>("id"), {}, reader.read<std::string>("email")};
  for (const auto known : {IdentityProvider::kAnonymous, IdentityProvider::kEmailPassword}) {
    if (provider != provider_name(known)) continue;
    identity.provider = known;
    return identity;
  }
  reader.fail("provider");
}

User read_user(UserId id, BytesView value) {
  const RecordReader reader("user", value);
  User user{id,
            reader.read<bool>("disabled"),
            reader.read_time("created"),
            reader.read_time("last_login"),
            {}};
  for (const json& identity : reader.read<std::vector<json>>("identities")) {
    user.identities.push_back(read_identity(identity));
  }
  return user;
}

PasswordCredential read_credential(std::string_view email, BytesView value) {
  const RecordReader reader("credential", value);
  PasswordCredential credential{std::string(email),
                                reader.read<std::string>("hash"),
                                reader.read_id<IdentityId>("identity"),
                                std::nullopt};
  if (reader.has("user")) credential.user_id = reader.read_id<UserId>("user");
  return credential;
}

LoginSession read_session(UserId user_id, LoginSessionId id, BytesView value) {
  const RecordReader reader("session", value);
  return {user_id,
          id,
          reader.read_id<DeviceId>("device"),
          reader.read_id<IdentityId>("identity"),
          reader.read_time("created"),
          reader.read_time("expires")};
}

// ---- Transactions
// --------------------------------------------------------------------------------

/// The reading half, over a snapshot or the write transaction.
template <typename Base, typename Transaction>
class EmbeddedReader : public Base {
 public:
  explicit EmbeddedReader(Transaction transaction) : transaction_(std::move(transaction)) {}

  std::optional<User> find_user(UserId id) const override {
    const auto value = metadata().find(user_key(id).bytes());
    if (!value) return std::nullopt;
    return read_user(id, *value);
  }
  std::optional<PasswordCredential> find_password_credential(
      std::string_view email) const override {
    const auto value = metadata().find(credential_key(email).bytes());
    if (!value) return std::nullopt;
    return read_credential(email, *value);
  }
  std::optional<LoginSession> find_login_session(UserId user_id, LoginSessionId id) const override {
    const auto value = metadata().find(session_key(user_id, id).bytes());
    if (!value) return std::nullopt;
    return read_session(user_id, id, *value);
  }
  bool has_device(UserId user_id, DeviceId device_id) const override {
    bool found = false;
    metadata().scan(sessions_key(user_id).bytes(), [&](BytesView, BytesView value) {
      found = RecordReader("session", value).read_id<DeviceId>("device") == device_id;
      return !found;
    });
    return found;
  }

 protected:
  [[nodiscard]] auto metadata() const { return transaction_.metadata(); }

  mutable Transaction transaction_;
};

using EmbeddedSnapshot = EmbeddedReader<AccountSnapshot, store::ReadTransaction>;

class EmbeddedTransaction final
    : public EmbeddedReader<AccountTransaction, store::WriteTransaction> {
 public:
  using EmbeddedReader::EmbeddedReader;

  void put_user(const User& user) override { put(user_key(user.id), to_json(user)); }
  void put_password_credential(const PasswordCredential& credential) override {
    put(credential_key(credential.email), to_json(credential));
  }
  void put_login_session(const LoginSession& session) override {
    erase_login_session(session.user_id, session.id);
    put(session_key(session.user_id, session.id), to_json(session));
    metadata().put(expiry_key(session).bytes(), {});
  }

  void erase_user(UserId id) override { metadata().erase(user_key(id).bytes()); }
  void erase_password_credential(std::string_view email) override {
    metadata().erase(credential_key(email).bytes());
  }
  void erase_login_session(UserId user_id, LoginSessionId id) override {
    const auto session = find_login_session(user_id, id);
    if (!session) return;
    metadata().erase(expiry_key(*session).bytes());
    metadata().erase(session_key(user_id, id).bytes());
  }
  void erase_login_sessions_of(UserId user_id) override {
    std::vector<LoginSessionId> ids;
    metadata().scan(sessions_key(user_id).bytes(), [&](BytesView key, BytesView) {
      LoginSessionId id;
      if (key.size() != session_key(user_id, id).bytes().size()) {
        throw Error(ErrorCode::kFileCorrupt, "account record: bad key of a session");
      }
      std::memcpy(
          id.value.bytes.data(), key.last(id.value.bytes.size()).data(), id.value.bytes.size());
      ids.push_back(id);
      return true;
    });
    for (const LoginSessionId id : ids) erase_login_session(user_id, id);
  }
  void erase_expired_login_sessions(WallTime now, std::size_t count_max) override {
    std::vector<ExpiryKey> expired;
    metadata().scan(expiries_key().bytes(), [&](BytesView key, BytesView) {
      const ExpiryKey entry = parse_expiry_key(key);
      if (expired.size() == count_max || entry.expires_at >= now) return false;
      expired.push_back(entry);
      return true;
    });
    for (const ExpiryKey& entry : expired) erase_login_session(entry.user_id, entry.session_id);
  }

  void commit() override { transaction_.commit(); }

 private:
  void put(const KeyBuilder& key, const json& record) {
    metadata().put(key.bytes(), as_bytes(record.dump()));
  }
};

}  // namespace

std::unique_ptr<AccountSnapshot> EmbeddedAccountStore::snapshot() {
  return std::make_unique<EmbeddedSnapshot>(environment_->begin_read());
}

std::unique_ptr<AccountTransaction> EmbeddedAccountStore::begin() {
  return std::make_unique<EmbeddedTransaction>(environment_->begin_write());
}

}  // namespace tombolo::server
