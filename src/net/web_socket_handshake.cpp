#include "net/web_socket_handshake.h"

#include <algorithm>
#include <array>

#include <openssl/evp.h>

#include "base/assertion.h"
#include "base/bytes.h"
#include "base/random.h"
#include "net/http_codec.h"

namespace tombolo::net {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::string_view kKeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kKeyTextBytes = 24;  // 16 bytes in base 64

std::string to_base64(BytesView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool is_key(std::string_view text) {
  constexpr std::string_view kMarks = "+/";
  return text.size() == kKeyTextBytes && text.ends_with("==") &&
         std::all_of(text.begin(), text.end() - 2, [kMarks](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kMarks.find(c) != std::string_view::npos;
         });
}

}  // namespace

bool asks_for_web_socket(const HttpRequest& request) {
  return request.method == "GET" && has_token(request.headers, "Upgrade", "websocket") &&
         has_token(request.headers, "Connection", "Upgrade");
}

std::optional<HttpResponse> refuse_upgrade(const HttpRequest& request) {
  const std::string* const version = find_header(request.headers, "Sec-WebSocket-Version");
  if (version == nullptr || *version != kVersion) {
    return HttpResponse{400,
                        {{"Sec-WebSocket-Version", std::string(kVersion)}},
                        "the WebSocket version has to be 13"};
  }
  const std::string* const key = find_header(request.headers, "Sec-WebSocket-Key");
  if (key == nullptr || !is_key(*key)) {
    return HttpResponse{400, {}, "Sec-WebSocket-Key has to be 16 bytes in base 64"};
  }
  return std::nullopt;
}

std::string make_web_socket_key() {
  std::array<std::byte, kKeyBytes> key{};
  fill_random(key);
  return to_base64(key);
}

std::string accept_value(std::string_view key) {
  const std::string text = std::string(key) + std::string(kKeySuffix);
  std::array<std::byte, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const int done = EVP_Digest(text.data(),
                              text.size(),
                              reinterpret_cast<unsigned char*>(digest.data()),
                              &size,
                              EVP_sha1(),
                              nullptr);
  TOMBOLO_ASSERT(done == 1);
  return to_base64(BytesView(digest).first(size));
}

}  // namespace tombolo::net
