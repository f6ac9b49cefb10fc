#pragma once

#include <array>
#include <cstddef>

namespace tombolo::store {

/// What an application gives to encrypt a file with.
inline constexpr std::size_t kEncryptionKeyBytes = 64;
using EncryptionKey = std::array<std::byte, kEncryptionKeyBytes>;

}  // namespace tombolo::store
