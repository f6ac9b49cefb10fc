#include "base/log_hub.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tombolo {
namespace {

TEST(LogHub, EachCategoryWritesFromItsOwnLevelOnAndThoseBelowItFollow) {
  LogHub hub;
  std::vector<std::string> lines;
  const auto network = hub.logger(LogCategory::kSyncClientNetwork);
  const auto storage = hub.logger(LogCategory::kStorage);
  network->error("before anybody listens");

  hub.set_sink([&](LogCategory category, LogLevel, std::string_view line) {
    lines.push_back(std::string(log_category_name(category)) + ": " + std::string(line));
  });
  network->error("while it is off");
  hub.set_level(LogCategory::kRealm, LogLevel::kWarn);
  hub.set_level(LogCategory::kSync, LogLevel::kDebug);
  network->debug("a");
  storage->info("b");
  storage->warn("c");
  hub.set_sink(nullptr);
  storage->error("d");

  EXPECT_EQ(lines, (std::vector<std::string>{"Realm.Sync.Client.Network: a", "Realm.Storage: c"}));
}

TEST(LogHub, KnowsEveryCategoryByItsNameAndNoOther) {
  for (const std::string_view name : kLogCategoryNames)
    EXPECT_EQ(log_category_name(find_log_category(name).value()), name);
  for (const std::string_view name : {"", "Realm.", "realm", "Realm.Sync.Client.Networks"})
    EXPECT_EQ(find_log_category(name), std::nullopt) << name;
}

}  // namespace
}  // namespace tombolo
