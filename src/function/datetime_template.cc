#include "function/datetime_template.h"

#include "absl/strings/match.h"

namespace turdb::function {
namespace {

constexpr TemplateKeyword kKeywords[] = {
    {"A.D.", TemplateField::kEraDots, Calendar::kNone, false},
    {"A.M.", TemplateField::kNoonDots, Calendar::kNone, false},
    {"AD", TemplateField::kEra, Calendar::kNone, false},
    {"AM", TemplateField::kNoon, Calendar::kNone, false},
    {"B.C.", TemplateField::kEraDots, Calendar::kNone, false},
    {"BC", TemplateField::kEra, Calendar::kNone, false},
    {"CC", TemplateField::kCentury, Calendar::kNone, true},
    {"DAY", TemplateField::kDayName, Calendar::kNone, false},
    {"DDD", TemplateField::kDayOfYear, Calendar::kGregorian, true},
    {"DD", TemplateField::kDay, Calendar::kGregorian, true},
    {"DY", TemplateField::kDayNameShort, Calendar::kNone, false},
    {"D", TemplateField::kWeekday, Calendar::kGregorian, true},
    {"FF1", TemplateField::kFraction, Calendar::kNone, false},
    {"FF2", TemplateField::kFraction, Calendar::kNone, false},
    {"FF3", TemplateField::kFraction, Calendar::kNone, false},
    {"FF4", TemplateField::kFraction, Calendar::kNone, false},
    {"FF5", TemplateField::kFraction, Calendar::kNone, false},
    {"FF6", TemplateField::kFraction, Calendar::kNone, false},
    {"FX", TemplateField::kFixed, Calendar::kNone, false},
    {"HH24", TemplateField::kHour24, Calendar::kNone, true},
    {"HH12", TemplateField::kHour12, Calendar::kNone, true},
    {"HH", TemplateField::kHour12, Calendar::kNone, true},
    {"IDDD", TemplateField::kIsoDayOfYear, Calendar::kIsoWeek, true},
    {"ID", TemplateField::kIsoWeekday, Calendar::kIsoWeek, true},
    {"IW", TemplateField::kWeek, Calendar::kIsoWeek, true},
    {"IYYY", TemplateField::kYear, Calendar::kIsoWeek, true},
    {"IYY", TemplateField::kYear, Calendar::kIsoWeek, true},
    {"IY", TemplateField::kYear, Calendar::kIsoWeek, true},
    {"I", TemplateField::kYear, Calendar::kIsoWeek, true},
    {"J", TemplateField::kJulian, Calendar::kNone, true},
    {"MI", TemplateField::kMinute, Calendar::kNone, true},
    {"MM", TemplateField::kMonth, Calendar::kGregorian, true},
    {"MONTH", TemplateField::kMonthName, Calendar::kGregorian, false},
    {"MON", TemplateField::kMonthNameShort, Calendar::kGregorian, false},
    {"MS", TemplateField::kMillisecond, Calendar::kNone, true},
    {"OF", TemplateField::kZone, Calendar::kNone, false},
    {"P.M.", TemplateField::kNoonDots, Calendar::kNone, false},
    {"PM", TemplateField::kNoon, Calendar::kNone, false},
    {"Q", TemplateField::kQuarter, Calendar::kNone, true},
    {"RM", TemplateField::kRoman, Calendar::kGregorian, false},
    {"SSSSS", TemplateField::kSecondOfDay, Calendar::kNone, true},
    {"SSSS", TemplateField::kSecondOfDay, Calendar::kNone, true},
    {"SS", TemplateField::kSecond, Calendar::kNone, true},
    {"TZH", TemplateField::kZoneHour, Calendar::kNone, false},
    {"TZM", TemplateField::kZoneMinute, Calendar::kNone, true},
    {"TZ", TemplateField::kZone, Calendar::kNone, false},
    {"US", TemplateField::kFraction, Calendar::kNone, true},
    {"WW", TemplateField::kWeek, Calendar::kGregorian, true},
    {"W", TemplateField::kWeekOfMonth, Calendar::kGregorian, true},
    {"Y,YYY", TemplateField::kYearWithComma, Calendar::kGregorian, true},
    {"YYYY", TemplateField::kYear, Calendar::kGregorian, true},
    {"YYY", TemplateField::kYear, Calendar::kGregorian, true},
    {"YY", TemplateField::kYear, Calendar::kGregorian, true},
    {"Y", TemplateField::kYear, Calendar::kGregorian, true},
};

const TemplateKeyword* FindKeyword(std::string_view text) {
  for (const TemplateKeyword& keyword : kKeywords) {
    if (absl::StartsWithIgnoreCase(text, keyword.name)) return &keyword;
  }
  return nullptr;
}

}  // namespace

std::vector<TemplateNode> ParseTemplate(std::string_view text) {
  std::vector<TemplateNode> nodes;
  const auto add_text = [&](bool quoted) {
    TemplateNode node;
    node.text = text[0];
    if (!quoted && IsSeparator(text[0])) node.kind = TemplateNode::Kind::kSeparator;
    if (!quoted && IsSpace(text[0])) node.kind = TemplateNode::Kind::kSpace;
    nodes.push_back(node);
    text.remove_prefix(CharacterSize(text));
  };
  while (!text.empty()) {
    std::string_view after = text;
    TemplateNode node;
    for (bool prefix = true; prefix;) {
      prefix = absl::StartsWithIgnoreCase(after, "FM") || absl::StartsWith(after, "TM");
      node.fill_mode |= absl::StartsWithIgnoreCase(after, "FM");
      if (prefix) after.remove_prefix(2);
    }
    node.keyword = FindKeyword(after);
    if (node.keyword != nullptr) {
      after.remove_prefix(node.keyword->name.size());
      node.kind = TemplateNode::Kind::kField;
      if (absl::StartsWith(after, "TH") || absl::StartsWith(after, "th")) {
        node.ordinal = true;
        after.remove_prefix(2);
      }
      if (absl::StartsWith(after, "SP")) after.remove_prefix(2);
      nodes.push_back(node);
      text = after;
      continue;
    }
    if (after.size() != text.size()) {  // FM before what is no field
      text = after;
      continue;
    }
    if (text[0] == '"') {
      text.remove_prefix(1);
      while (!text.empty() && text[0] != '"') {
        if (text[0] == '\\' && text.size() > 1) text.remove_prefix(1);
        add_text(true);
      }
      if (!text.empty()) text.remove_prefix(1);
      continue;
    }
    if (text[0] == '\\' && text.size() > 1 && text[1] == '"') text.remove_prefix(1);
    add_text(false);
  }
  return nodes;
}

}  // namespace turdb::function
