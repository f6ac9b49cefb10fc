#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test/e2e/server_process.h"
#include "test/support/child_process.h"
#include "test/support/temporary_directory.h"

namespace tombolo::test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::vector<std::string> serve(const std::filesystem::path& directory,
                               const std::string& listen = "127.0.0.1:0") {
  return {"serve", "--dev", "--data", directory.string(), "--listen", listen};
}

/// One line that begins with the program's name, among log lines.
std::size_t error_line_count(const std::string& errors) {
  std::size_t count = errors.starts_with("tombolo: ") ? 1 : 0;
  for (std::size_t at = errors.find("\ntombolo: "); at != std::string::npos;
       at = errors.find("\ntombolo: ", at + 1)) {
    ++count;
  }
  return count;
}

void expect_refusal(ServerProcess& process, const std::string& reason) {
  const std::string errors = process.read_errors();
  EXPECT_EQ(process.wait(), 1);
  EXPECT_EQ(process.read_line(), std::nullopt);
  EXPECT_EQ(error_line_count(errors), 1U) << errors;
  EXPECT_THAT(errors, HasSubstr(reason));
}

TEST(Serve, SaysWhereItListensAndStopsWhenItIsToldTo) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const TemporaryDirectory directory;
    ServerProcess process(serve(directory.file("data")));

    EXPECT_THAT(process.read_line().value_or(""),
                MatchesRegex("listening on http://127.0.0.1:[0-9]+"));
    process.send_signal(signal);

    EXPECT_EQ(process.wait(), 0);
    EXPECT_TRUE(std::filesystem::exists(directory.file("data") / "apps/dev/app.tombolo"));
  }
}

TEST(Serve, StartsAgainAfterItWasKilled) {
  const TemporaryDirectory directory;
  {
    ServerProcess killed(serve(directory.path()));
    ASSERT_TRUE(killed.read_line());
    killed.send_signal(SIGKILL);
    EXPECT_EQ(killed.wait(), 128 + SIGKILL);
  }

  ServerProcess process(serve(directory.path()));

  EXPECT_TRUE(process.read_line());
}

TEST(Serve, RefusesADirectoryThatIsInUse) {
  const TemporaryDirectory directory;
  ServerProcess first(serve(directory.path()));
  ASSERT_TRUE(first.read_line());

  ServerProcess second(serve(directory.path()));

  expect_refusal(second, "app.tombolo");
}

TEST(Serve, NoTrimmingOfADirectoryThatAServerUsesOrThatIsNone) {
  const TemporaryDirectory directory;
  ServerProcess server(serve(directory.path()));
  ASSERT_TRUE(server.read_line());

  ServerProcess beside({"trim", "--data", directory.path().string(), "--max-offline", "30d"});
  expect_refusal(beside, "app.tombolo");
  ServerProcess nowhere(
      {"trim", "--data", directory.file("nothing").string(), "--max-offline", "30d"});
  expect_refusal(nowhere, "there is no app in");
}

TEST(Serve, RefusesADirectoryThatItCannotMake) {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("file")) << "no directory";

  ServerProcess process(serve(directory.file("file")));

  expect_refusal(process, directory.file("file").string());
}

TEST(Serve, RefusesADirectoryThatItMayNotWrite) {
  const TemporaryDirectory directory;
  namespace fs = std::filesystem;
  fs::create_directories(directory.file("data") / "apps/dev");
  fs::permissions(directory.path(), fs::perms(0755));
  fs::permissions(directory.file("data") / "apps/dev", fs::perms(0555));

  ChildProcess child([&](const Pipe&) {
    if (::geteuid() == 0) {  // Root may write everywhere, but for what no process of its may do.
      ASSERT_EQ(::prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE), 0);
    }
    ServerProcess process(serve(directory.file("data")));

    expect_refusal(process, (directory.file("data") / "apps/dev").string());
  });

  EXPECT_TRUE(child.succeeds());
}

TEST(Serve, RefusesAnAddressThatIsInUse) {
  const TemporaryDirectory one;
  const TemporaryDirectory other;
  ServerProcess first(serve(one.path()));
  const std::string line = first.read_line().value_or("");
  const std::string address = line.substr(line.find("//") + 2);

  ServerProcess second(serve(other.path(), address));

  expect_refusal(second, address.substr(address.find(':') + 1));
}

/// A connection to the port that `address` ends with.
int connect_to(const std::string& address) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in port{};
  port.sin_family = AF_INET;
  port.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&port), sizeof port), 0);
  return socket;
}

/// UBSan looks at an object through a pipe before it trusts its type: without descriptors it takes
/// a right one for a wrong one.
#if defined(__has_feature)
#if __has_feature(undefined_behavior_sanitizer)
#define TOMBOLO_CHECKS_NEED_DESCRIPTORS
#endif
#endif

TEST(Serve, SaysHowToHaveMoreConnectionsAndGoesOn) {
#ifdef TOMBOLO_CHECKS_NEED_DESCRIPTORS
  GTEST_SKIP() << "UBSan needs descriptors, of which this test leaves none";
#endif
  const TemporaryDirectory directory;
  ServerProcess process(serve(directory.path()));
  const std::string address = process.read_line().value_or("");
  const auto fds = "/proc/" + std::to_string(process.pid()) + "/fd";
  const auto open = std::distance(std::filesystem::directory_iterator(fds), {});
  process.limit_descriptors(static_cast<std::uint64_t>(open) + 3);

  std::vector<int> sockets;
  for (int i = 0; i < 10; ++i) sockets.push_back(connect_to(address));
  std::string line;
  while (line.find("accept_failed") == std::string::npos)
    line = process.read_error_line().value_or("accept_failed, which was never said");
  EXPECT_THAT(line, HasSubstr("ulimit -n"));

  for (const int socket : sockets) ::close(socket);
  const int socket = connect_to(address);
  const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_EQ(::write(socket, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  char answer = 0;
  EXPECT_EQ(::read(socket, &answer, 1), 1);
  ::close(socket);
}

TEST(Serve, RefusesNonsenseArguments) {
  const TemporaryDirectory directory;
  for (const std::string listen : {"127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", ":9090"}) {
    ServerProcess process(serve(directory.path(), listen));

    expect_refusal(process, "--listen");
  }
}

TEST(Serve, RefusesACertificateThatItCannotRead) {
  const TemporaryDirectory directory;
  std::vector<std::string> arguments = serve(directory.path());
  arguments.insert(arguments.end(), {"--tls-cert", "/absent.pem", "--tls-key", "/absent.key"});

  ServerProcess process(arguments);

  expect_refusal(process, "/absent.pem");
}

}  // namespace
}  // namespace tombolo::test
