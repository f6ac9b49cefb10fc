#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace tombolo {

/// An integer that remembers what it counts. The only way back to a bare integer is the visible
/// call to `value()`, so two kinds of version can be neither compared nor assigned by mistake.
template <typename Tag, std::integral Rep>
class StrongId {
 public:
  using rep = Rep;

  constexpr StrongId() noexcept = default;
  explicit constexpr StrongId(Rep value) noexcept : value_(value) {}

  [[nodiscard]] constexpr Rep value() const noexcept { return value_; }
  [[nodiscard]] constexpr StrongId next() const noexcept {
    return StrongId(static_cast<Rep>(value_ + 1));
  }

  friend constexpr auto operator<=>(StrongId, StrongId) noexcept = default;

 private:
  Rep value_ = 0;
};

/// Number of a commit in a client file; 0 = nothing yet. Source: docs/protocol.md, "Versions".
using ClientVersion = StrongId<struct ClientVersionTag, std::uint64_t>;
/// Number of an entry in a server file's history; 0 = before the first entry.
using ServerVersion = StrongId<struct ServerVersionTag, std::uint64_t>;
/// Names a client file; 0 = none yet, 1 = the server itself, clients get 2 and up.
using ClientFileIdent = StrongId<struct ClientFileIdentTag, std::uint64_t>;
/// Random number that proves that an ident or a version descends from the history that made it.
using Salt = StrongId<struct SaltTag, std::int64_t>;
/// Names a session on a connection; 0 = the connection itself.
using SessionIdent = StrongId<struct SessionIdentTag, std::uint64_t>;
/// Version of a flexible sync subscription set; 0 = the implicit empty set.
using QueryVersion = StrongId<struct QueryVersionTag, std::int64_t>;
/// Names a MARK or TEST_COMMAND request within a session.
using RequestIdent = StrongId<struct RequestIdentTag, std::uint64_t>;
/// Milliseconds since 2015-01-01T00:00:00Z on the origin's clock; orders concurrent changesets.
using OriginTimestamp = StrongId<struct OriginTimestampTag, std::uint64_t>;

static_assert(!std::constructible_from<ClientVersion, ServerVersion>);

/// The ident of the server as the author of a changeset.
inline constexpr ClientFileIdent kServerFileIdent{1};

}  // namespace tombolo

template <typename Tag, std::integral Rep>
struct std::hash<tombolo::StrongId<Tag, Rep>> {
  std::size_t operator()(tombolo::StrongId<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value());
  }
};
