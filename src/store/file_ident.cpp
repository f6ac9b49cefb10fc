#include "store/file_ident.h"

#include <string_view>

#include <sodium/crypto_generichash.h>

#include "store/environment_internals.h"

namespace tombolo::store {

/// By the key of the file's hashes, which is random in each file and is told to nobody.
FileIdent ident_of(Environment& environment) {
  constexpr std::string_view kPurpose = "tombolo file";
  const HashKey& key = environment.internals().shared.index_keys.text;
  FileIdent ident;
  crypto_generichash(reinterpret_cast<unsigned char*>(ident.data()),
                     ident.size(),
                     reinterpret_cast<const unsigned char*>(kPurpose.data()),
                     kPurpose.size(),
                     reinterpret_cast<const unsigned char*>(key.data()),
                     key.size());
  return ident;
}

}  // namespace tombolo::store
