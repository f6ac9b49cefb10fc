#include <map>
#include <string>

#include <gtest/gtest.h>

#include "net/loopback_fixture.h"
#include "test/e2e/running_server.h"
#include "test/support/recorded_traffic.h"

/// Hand-made upgrade requests that were sent to a real server are sent to a running server of ours.

namespace tombolo::test {
namespace {

/// Of an answer: its status and the sub-protocol it chose; "closed" when there was none.
std::string outcome_of(const std::string& head) {
  if (!head.starts_with("HTTP/1.1 ")) return "closed";
  std::string outcome = head.substr(9, 3);
  const std::string name = "\r\nSec-WebSocket-Protocol: ";
  if (const std::size_t at = head.find(name); at != std::string::npos) {
    const std::size_t begin = at + name.size();
    outcome += " " + head.substr(begin, head.find('\r', begin) - begin);
  }
  return outcome;
}

/// Where our server means to answer otherwise.
const std::map<std::string, std::string> kOurAnswers{
    {"plain GET, no upgrade", "404"},       // It is a request to an API that has no such page.
    {"POST with upgrade", "404"},           // Likewise: an upgrade is a GET (RFC 6455, 4.1).
    {"protocol version 2", "400"},          // The oldest that is served is 9,
    {"old slash form of protocol", "400"},  // which names itself with '#'.
    {"FLX protocol on PBS server", "101 com.mongodb.realm-query-sync#14"},  // One address for both.
    {"no websocket version", "400"},  // Said instead of hanging up, here and below.
    {"websocket version 8", "400"},
    {"garbage request line", "400"},
};

TEST(RecordedUpgrade, GetsTheAnswersThatTheRecordedServerGave) {
  const RunningServer server;
  const auto port =
      static_cast<std::uint16_t>(std::stoi(server.url().substr(server.url().rfind(':') + 1)));
  std::string step;
  std::map<std::uint32_t, std::string> steps;
  std::map<std::uint32_t, std::string> recorded;
  std::map<std::uint32_t, std::string> ours;

  for (const RecordedEvent& event :
       read_recording(std::string(TOMBOLO_TEST_DATA) + "/wire/pbs/raw_http.jsonl")) {
    if (event.source == RecordedSource::kTool && event.text.starts_with("case: ")) {
      step = event.text.substr(6);
    } else if (event.kind == RecordedKind::kHttp && event.text != "(body)") {
      const std::string head(as_text(event.bytes));
      if (event.source == RecordedSource::kServerToClient) {
        recorded[event.connection] = outcome_of(head);
        continue;
      }
      steps[event.connection] = step;
      net::RawPeer peer = net::RawPeer::connect_to(port);
      peer.send(head);
      ours[event.connection] = outcome_of(peer.read_until("\r\n\r\n"));
    }
  }

  EXPECT_EQ(steps.size(), 18U);
  for (const auto& [connection, name] : steps) {
    const auto deviation = kOurAnswers.find(name);
    const auto answer = recorded.find(connection);
    const std::string theirs = answer == recorded.end() ? "closed" : answer->second;
    EXPECT_EQ(ours[connection], deviation == kOurAnswers.end() ? theirs : deviation->second)
        << name;
  }
}

}  // namespace
}  // namespace tombolo::test
