// The shell's parts that need no database: reading CSV, telling types, splitting statements, drawing results.
#include <cstdio>
#include <random>
#include <string>

#include "gtest/gtest.h"
#include "shell/csv_survey.h"
#include "shell/error_report.h"
#include "shell/renderer.h"
#include "shell/statement_splitter.h"
#include "shell/text_width.h"
#include "shell/value_text.h"

namespace turdb::shell {
namespace {

// A temporary file with this content.
class ContentFile {
 public:
  explicit ContentFile(std::string_view content) : file_(std::tmpfile()) {
    std::fwrite(content.data(), 1, content.size(), file_);
    std::rewind(file_);
  }
  ~ContentFile() { std::fclose(file_); }
  std::FILE* get() const { return file_; }

 private:
  std::FILE* const file_;
};

// Records as text: fields in brackets, quoted ones with a q before.
std::string Read(std::string_view content, char delimiter = ',') {
  const ContentFile file(content);
  CsvReader reader(file.get(), delimiter);
  CsvRecord record;
  std::string text;
  while (reader.Next(&record)) {
    text += std::to_string(record.line) + ":";
    for (const CsvField& field : record.fields) text += (field.quoted ? "q[" : "[") + std::string(field.text) + "]";
    if (!record.problem.empty()) text += "!" + std::to_string(record.problem_column) + " " + record.problem;
    text += "\n";
  }
  EXPECT_EQ(reader.bytes_read(), static_cast<int64_t>(content.size()));
  return text;
}

TEST(CsvReader, EveryLineEndAndAMissingLastOne) {
  EXPECT_EQ(Read("a,b\nc,d\r\ne,f\rg,h"), "1:[a][b]\n2:[c][d]\n3:[e][f]\n4:[g][h]\n");
}

TEST(CsvReader, QuotedFieldsHoldDelimitersQuotesAndLineEnds) {
  EXPECT_EQ(Read("\"a,b\",\"say \"\"hi\"\"\"\n\"two\nlines\",x\ny,\"\"\n"),
            "1:q[a,b]q[say \"hi\"]\n2:q[two\nlines][x]\n4:[y]q[]\n");
}

TEST(CsvReader, EmptyFieldsCountAndBlankLinesDoNot) { EXPECT_EQ(Read("\n,\n\n\r\na,,\n\n"), "2:[][]\n5:[a][][]\n"); }

TEST(CsvReader, AByteOrderMarkIsNoText) { EXPECT_EQ(Read("\xEF\xBB\xBFname;x\n", ';'), "1:[name][x]\n"); }

TEST(CsvReader, WhatIsWrongIsSaidOfTheRecordAndReadingGoesOn) {
  EXPECT_EQ(Read("a,\"b\"c,d\ne,f\n"), "1:[a]q[b][d]!2 text behind the closing quote\n2:[e][f]\n");
  EXPECT_EQ(Read("a\nb,\"open\nmore\n"), "1:[a]\n2:[b]q[open\nmore\n]!2 a quote opened on line 2 is never closed\n");
}

TEST(CsvReader, FieldsMayBeLongerThanTheBuffer) {
  const std::string field(700'000, 'x');
  EXPECT_EQ(Read(field + ",\"" + field + "\"\n"), "1:[" + field + "]q[" + field + "]\n");
}

// What is written as CSV is read back, whatever the bytes: 500 random files.
TEST(CsvReader, ReadsBackWhatTheRendererWrites) {
  std::mt19937 random(11);
  constexpr std::string_view kBytes = "ab,\"\n\r; \tx";
  for (int round = 0; round < 500; ++round) {
    const size_t columns = 1 + random() % 4;
    std::vector<std::vector<std::string>> rows(1 + random() % 5, std::vector<std::string>(columns));
    std::string content;
    for (auto& row : rows) {
      for (size_t i = 0; i < columns; ++i) {
        for (size_t length = 1 + random() % 8; length > 0; --length) row[i] += kBytes[random() % kBytes.size()];
        content += (i > 0 ? "," : "") + CsvText(row[i], ',');
      }
      content += random() % 2 == 0 ? "\n" : "\r\n";
    }
    const ContentFile file(content);
    CsvReader reader(file.get(), ',');
    CsvRecord record;
    for (const auto& row : rows) {
      ASSERT_TRUE(reader.Next(&record)) << content;
      ASSERT_EQ(record.problem, "") << content;
      ASSERT_EQ(record.fields.size(), columns) << content;
      for (size_t i = 0; i < columns; ++i) ASSERT_EQ(record.fields[i].text, row[i]) << content;
    }
    ASSERT_FALSE(reader.Next(&record)) << content;
  }
}

TEST(CsvReader, TheDelimiterIsTheOneThatSplitsEvenly) {
  EXPECT_EQ(SniffDelimiter("a;b;c\n1,5;2,5;3\n7;8;9\n"), ';');
  EXPECT_EQ(SniffDelimiter("a\tb\nc,c,c\td\n"), '\t');
  EXPECT_EQ(SniffDelimiter("\"x|y|z\",b\n\"|\",c\n"), ',');
  EXPECT_EQ(SniffDelimiter("word\n"), ',');
  EXPECT_EQ(SniffDelimiter("a|b"), '|');
}

TEST(ValueText, TypesAreTheNarrowestThatLoseNothing) {
  using enum ColumnType;
  EXPECT_EQ(TypeOf("0"), kInteger);
  EXPECT_EQ(TypeOf("-2147483648"), kInteger);
  EXPECT_EQ(TypeOf("2147483648"), kBigint);
  EXPECT_EQ(TypeOf("-9223372036854775808"), kBigint);
  EXPECT_EQ(TypeOf("9223372036854775808"), kDecimal);
  EXPECT_EQ(TypeOf("007"), kText) << "a code, not a number";
  EXPECT_EQ(TypeOf("+5"), kText);
  EXPECT_EQ(TypeOf("00000000000000000000000000"), kText);
  EXPECT_EQ(TypeOf("1.5"), kDouble);
  EXPECT_EQ(TypeOf("-.5"), kDouble);
  EXPECT_EQ(TypeOf("1e300"), kDouble);
  EXPECT_EQ(TypeOf("1234567890123.45"), kDouble);
  EXPECT_EQ(TypeOf("12345678901234567.89"), kNumeric);
  EXPECT_EQ(TypeOf("0.00000000000000000012"), kDouble);
  EXPECT_EQ(TypeOf("-100000000000000000000.5"), kNumeric);
  EXPECT_EQ(TypeOf("1e400"), kText) << "no double holds it";
  EXPECT_EQ(TypeOf("01.5"), kText);
  EXPECT_EQ(TypeOf("-"), kText);
  EXPECT_EQ(TypeOf("12 "), kText);
  EXPECT_EQ(TypeOf("True"), kBool);
  EXPECT_EQ(TypeOf("t"), kText);
  EXPECT_EQ(TypeOf("2013-02-28"), kDate);
  EXPECT_EQ(TypeOf("2013-02-29"), kText) << "no such day";
  EXPECT_EQ(TypeOf("2013-01-01 06:00"), kTimestamp);
  EXPECT_EQ(TypeOf("2013-01-01T06:00:00.123456"), kTimestamp);
  EXPECT_EQ(TypeOf("2013-01-01T06:00:00Z"), kTimestampTz);
  EXPECT_EQ(TypeOf("2013-01-01 06:00:00+02:30"), kTimestampTz);
  EXPECT_EQ(TypeOf("2013-01-01 24:00:00"), kText);
  EXPECT_EQ(TypeOf("2013-01-01 06:00:00 or so"), kText);
}

TEST(ValueText, ValuesAreWhatTheTextSays) {
  EXPECT_EQ(ParseDate("1970-01-01"), 0);
  EXPECT_EQ(ParseDate("1969-12-31"), -1);
  EXPECT_EQ(ParseDate("2000-03-01"), 11017);
  EXPECT_EQ(ParseTimestamp("1970-01-02 00:00:01.5")->micros, 86'401'500'000);
  EXPECT_EQ(ParseTimestamp("1970-01-01T02:30:00+02:30")->micros, 0);
  EXPECT_EQ(ParseTimestamp("1970-01-01T00:00:00-0100")->micros, 3'600'000'000);
  EXPECT_EQ(ParseInt64("+007"), 7);
  EXPECT_FALSE(ParseInt64("").has_value());
  EXPECT_FALSE(ParseDouble("inf").has_value());
}

TEST(ValueText, WideningMeetsInTheNarrowestCommonType) {
  using enum ColumnType;
  EXPECT_EQ(Widen(kUnknown, kDate), kDate);
  EXPECT_EQ(Widen(kBigint, kInteger), kBigint);
  EXPECT_EQ(Widen(kDouble, kInteger), kDouble);
  EXPECT_EQ(Widen(kDecimal, kBigint), kDecimal);
  EXPECT_EQ(Widen(kDecimal, kDouble), kNumeric);
  EXPECT_EQ(Widen(kBigint, kDouble), kNumeric);
  EXPECT_EQ(Widen(kNumeric, kInteger), kNumeric);
  EXPECT_EQ(Widen(kTimestamp, kDate), kTimestamp);
  EXPECT_EQ(Widen(kTimestampTz, kTimestamp), kText);
  EXPECT_EQ(Widen(kBool, kInteger), kText);
  EXPECT_EQ(Widen(kInteger, kDate), kText);
}

TEST(ValueText, Utf8IsCheckedByteByByte) {
  EXPECT_EQ(FindInvalidUtf8("plain, ü, 漢, 🦆"), -1);
  EXPECT_EQ(FindInvalidUtf8("ab\xFF"), 2);
  EXPECT_EQ(FindInvalidUtf8("\xC0\xAF"), 0) << "overlong";
  EXPECT_EQ(FindInvalidUtf8("\xED\xA0\x80"), 0) << "surrogate";
  EXPECT_EQ(FindInvalidUtf8("\xF4\x90\x80\x80"), 0) << "beyond Unicode";
  EXPECT_EQ(FindInvalidUtf8("a\xE6\xBC"), 1) << "cut short";
  EXPECT_EQ(FindInvalidUtf8(std::string_view("a\0b", 3)), 1);
}

std::string SurveyOf(std::string_view content, const CsvFormat& format = {}) {
  const ContentFile file(content);
  CsvReader reader(file.get(), ',');
  const CsvSurvey survey = Survey(reader, format, 0, [](int64_t, int64_t) {});
  std::string text = (survey.has_header ? "header " : "") + std::to_string(survey.records);
  for (const CsvColumn& column : survey.columns) text += " " + column.name + ":" + SqlName(column.type);
  return text;
}

TEST(CsvSurvey, TypesHoldOverAllRows) {
  EXPECT_EQ(SurveyOf("id,when,x\n1,2013-01-01,true\n3000000000,2013-01-01 10:00,false\n,,\n"),
            "header 3 id:bigint when:timestamp x:boolean");
  EXPECT_EQ(SurveyOf("a\n1\n2\nthree\n"), "header 3 a:text");
}

TEST(CsvSurvey, HeadersAreGuessed) {
  EXPECT_EQ(SurveyOf("carrier,name\n9E,Endeavor Air\nAA,American\n"), "header 2 carrier:text name:text");
  EXPECT_EQ(SurveyOf("AA,BOS\nUA,JFK\nAA,LGA\n"), "3 column1:text column2:text") << "AA occurs again";
  EXPECT_EQ(SurveyOf("1,a\n2,b\n"), "2 column1:integer column2:text");
  EXPECT_EQ(SurveyOf("name,name\nx,y\n"), "2 column1:text column2:text");
  EXPECT_EQ(SurveyOf("lonely,line\n"), "1 column1:text column2:text");
  EXPECT_EQ(SurveyOf(""), "0");
}

TEST(CsvSurvey, HeadersAsTold) {
  CsvFormat format;
  format.header = true;
  EXPECT_EQ(SurveyOf("1,2\n3,4\n", format), "header 1 1:integer 2:integer");
  EXPECT_EQ(SurveyOf("a,b\n", format), "header 0 a:text b:text");
  format.header = false;
  EXPECT_EQ(SurveyOf("a,b\n1,2\n", format), "2 column1:text column2:text");
}

TEST(CsvSurvey, NullMarkersAreUnquotedOnly) {
  CsvFormat format;
  format.nulls = {"NA", "\\N"};
  EXPECT_EQ(SurveyOf("x,y\n1,NA\nNA,\\N\n\\N,2.5\n", format), "header 3 x:integer y:double precision");
  EXPECT_EQ(SurveyOf("x,y\n1,\"NA\"\n", format), "header 1 x:integer y:text");
}

TEST(CsvSurvey, RaggedRecordsDoNotCount) { EXPECT_EQ(SurveyOf("a,b\n1,2\nfoo\nx,y,z\n3,4\n"), "header 4 a:integer b:integer"); }

TEST(CsvSurvey, NamesAreFoldedAndMadeUnique) {
  EXPECT_EQ(ColumnNames({"Id", " Full Name ", "", "id", "ID"}),
            (std::vector<std::string>{"id", "Full Name", "column3", "id_2", "id_3"}));
}

std::vector<std::string> Split(std::initializer_list<std::string_view> pieces, std::string* rest = nullptr) {
  StatementSplitter splitter;
  std::vector<std::string> statements;
  for (const std::string_view piece : pieces) {
    splitter.Add(piece);
    while (const auto statement = splitter.Next()) statements.push_back(statement->text);
  }
  const auto left = splitter.Rest();
  if (rest != nullptr) *rest = left.has_value() ? left->text : "";
  return statements;
}

TEST(StatementSplitter, SemicolonsInsideTextDoNotCount) {
  using List = std::vector<std::string>;
  EXPECT_EQ(Split({"select 1; select 2;"}), (List{"select 1;", "select 2;"}));
  EXPECT_EQ(Split({"select 'a;b', \"c;d\", `e;f`;"}), (List{"select 'a;b', \"c;d\", `e;f`;"}));
  EXPECT_EQ(Split({"select 'it''s;';"}), (List{"select 'it''s;';"}));
  EXPECT_EQ(Split({"select E'\\';';"}), (List{"select E'\\';';"}));
  EXPECT_EQ(Split({"select name'\\';"}), (List{"select name'\\';"})) << "only E makes a backslash escape";
  EXPECT_EQ(Split({"select $$a;b$$, $t$;$$;$t$, $1;"}), (List{"select $$a;b$$, $t$;$$;$t$, $1;"}));
  EXPECT_EQ(Split({"-- a;b\nselect /* ; /* ; */ ; */ 1;"}), (List{"select /* ; /* ; */ ; */ 1;"}));
  EXPECT_EQ(Split({";; ;\n-- nothing\n;"}), List{});
}

TEST(StatementSplitter, TriggersEndBehindTheirBody) {
  using List = std::vector<std::string>;
  const std::string trigger =
      "create or replace trigger t after insert on u when (new.begin > 1) begin select case when 1 then 2 end; select 'end;'; "
      "end;";
  EXPECT_EQ(Split({trigger + " select 1;"}), (List{trigger, "select 1;"}));
  EXPECT_EQ(Split({"CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 1; BEGIN; END;"}),
            (List{"CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW SET NEW.a = 1;", "BEGIN;", "END;"}));
  EXPECT_EQ(Split({"create table trigger_log(x int); begin; commit;"}),
            (List{"create table trigger_log(x int);", "begin;", "commit;"}));
  EXPECT_EQ(Split({"drop trigger t; begin; select 1;"}), (List{"drop trigger t;", "begin;", "select 1;"}));
}

TEST(StatementSplitter, FunctionsEndBehindTheirBody) {
  using List = std::vector<std::string>;
  const std::string function =
      "create function f(a int) returns int begin atomic select case when a > 1 then 2 end; select 3; end;";
  EXPECT_EQ(Split({function + " begin; end;"}), (List{function, "begin;", "end;"}));
  EXPECT_EQ(Split({"create function \"begin\"() returns int return 1; select 1;"}),
            (List{"create function \"begin\"() returns int return 1;", "select 1;"}));
  EXPECT_EQ(Split({"create function f() returns int language sql as 'begin'; begin; select 1;"}),
            (List{"create function f() returns int language sql as 'begin';", "begin;", "select 1;"}));
}

TEST(StatementSplitter, StatementsGrowLineByLine) {
  std::string rest;
  EXPECT_EQ(Split({"select 'a\n", "b;\n", "c'\n", ";\n", "select\n", "2"}, &rest),
            (std::vector<std::string>{"select 'a\nb;\nc'\n;"}));
  EXPECT_EQ(rest, "select\n2");
  Split({"select 1; /* never closed"}, &rest);
  EXPECT_EQ(rest, "");
}

// However a text is cut into lines, the same statements come out of it as out of the whole.
TEST(StatementSplitter, WhereTheInputIsCutMakesNoDifference) {
  std::mt19937 random(5);
  const std::vector<std::string> pieces = {"select", " ",  "'",  "''",  "\"", ";",  "\n", "--",
                                           "/*",     "*/", "$$", "$a$", "e'", "\\", "`",  "1"};
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 20; ++i) text += pieces[random() % pieces.size()];
    text += "\n";
    std::string whole_rest;
    const std::vector<std::string> whole = Split({text}, &whole_rest);
    StatementSplitter splitter;
    std::vector<std::string> statements;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at) + 1;
      splitter.Add(std::string_view(text).substr(at, end - at));
      while (const auto statement = splitter.Next()) statements.push_back(statement->text);
      at = end;
    }
    const auto rest = splitter.Rest();
    ASSERT_EQ(statements, whole) << text;
    ASSERT_EQ(rest.has_value() ? rest->text : "", whole_rest) << text;
  }
}

TEST(StatementSplitter, LinesAreCountedAndStartsAreKnown) {
  StatementSplitter splitter;
  EXPECT_TRUE(splitter.at_start());
  splitter.Add("-- comment\n\nselect\n1;\n  select 2;\n");
  EXPECT_EQ(splitter.Next()->line, 3);
  EXPECT_EQ(splitter.Next()->line, 5);
  EXPECT_FALSE(splitter.Next().has_value());
  EXPECT_TRUE(splitter.at_start());
  splitter.Add("select 'open\n");
  EXPECT_FALSE(splitter.Next().has_value());
  EXPECT_FALSE(splitter.at_start());
  splitter.Clear();
  EXPECT_TRUE(splitter.at_start());
  splitter.Add("/* in a comment\n");
  EXPECT_FALSE(splitter.Next().has_value());
  EXPECT_FALSE(splitter.at_start()) << "a dot there is no command";
}

TEST(TextWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("naïve"), 5u);
  EXPECT_EQ(DisplayWidth("漢字"), 4u);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1u) << "a combining accent";
  EXPECT_EQ(CutToWidth("漢字x", 4), "漢…");
  EXPECT_EQ(CutToWidth("short", 5), "short");
  EXPECT_EQ(Printable("a\tb\x1b\n", false), "a\\tb\\x1b\\n");
}

// What a renderer prints for three rows of a text, a number and a boolean.
std::string Render(RenderOptions options, const std::vector<std::vector<Cell>>& rows) {
  const ContentFile file("");
  const auto renderer = NewRenderer(options, file.get());
  renderer->Begin({{"name", ValueKind::kText}, {"n", ValueKind::kNumber}, {"ok", ValueKind::kBool}});
  for (const auto& row : rows) renderer->Row(row);
  renderer->End();
  std::string text(static_cast<size_t>(std::ftell(file.get())), '\0');
  std::rewind(file.get());
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file.get()), text.size());
  return text;
}
const std::vector<std::vector<Cell>> kRows = {
    {{"a,\"b\"", false, ValueKind::kText}, {"12", false, ValueKind::kNumber}, {"t", false, ValueKind::kBool}},
    {{"", true, ValueKind::kText}, {"", true, ValueKind::kText}, {"f", false, ValueKind::kBool}},
    {{"two\nlines|", false, ValueKind::kText}, {"NaN", false, ValueKind::kNumber}, {"", true, ValueKind::kText}},
};

TEST(Renderer, Box) {
  EXPECT_EQ(Render({}, kRows),
            "┌────────┬──────┬──────┐\n"
            "│ name   │    n │ ok   │\n"
            "├────────┼──────┼──────┤\n"
            "│ a,\"b\"  │   12 │ t    │\n"
            "│ NULL   │ NULL │ f    │\n"
            "│ two    │  NaN │ NULL │\n"
            "│ lines| │      │      │\n"
            "└────────┴──────┴──────┘\n");
}

TEST(Renderer, BoxWithoutRowsStillNamesItsColumns) {
  EXPECT_EQ(Render({}, {}), "┌──────┬───┬────┐\n│ name │ n │ ok │\n├──────┼───┼────┤\n└──────┴───┴────┘\n");
}

TEST(Renderer, BoxGivesWayOnANarrowTerminal) {
  RenderOptions options;
  options.width = 40;
  const std::string text =
      Render(options, {{{std::string(100, 'x'), false, ValueKind::kText}, {"1", false, ValueKind::kNumber}, {}}});
  EXPECT_NE(text.find("x…"), std::string::npos);
  EXPECT_LE(DisplayWidth(text.substr(0, text.find('\n'))), 40u);
}

TEST(Renderer, Markdown) {
  RenderOptions options;
  options.mode = Mode::kMarkdown;
  EXPECT_EQ(Render(options, kRows),
            "| name           |    n | ok   |\n"
            "|----------------|-----:|------|\n"
            "| a,\"b\"          |   12 | t    |\n"
            "| NULL           | NULL | f    |\n"
            "| two<br>lines\\| |  NaN | NULL |\n");
}

TEST(Renderer, CsvTellsNullFromEmpty) {
  RenderOptions options;
  options.mode = Mode::kCsv;
  std::vector<std::vector<Cell>> rows = kRows;
  rows.push_back({{"", false, ValueKind::kText}, {}, {}});
  EXPECT_EQ(Render(options, rows), "name,n,ok\n\"a,\"\"b\"\"\",12,t\n,,f\n\"two\nlines|\",NaN,\n\"\",\"\",\"\"\n");
  options.headers = false;
  options.null_text = "NA";
  EXPECT_EQ(Render(options, {{{"NA", false, ValueKind::kText}, {"", true, ValueKind::kText}, {"x", false, ValueKind::kText}}}),
            "\"NA\",NA,x\n");
}

TEST(Renderer, Json) {
  RenderOptions options;
  options.mode = Mode::kJson;
  EXPECT_EQ(Render(options, kRows),
            "[{\"name\":\"a,\\\"b\\\"\",\"n\":12,\"ok\":true},\n"
            "{\"name\":null,\"n\":null,\"ok\":false},\n"
            "{\"name\":\"two\\nlines|\",\"n\":\"NaN\",\"ok\":null}]\n");
  EXPECT_EQ(Render(options, {}), "[]\n");
  options.mode = Mode::kJsonLines;
  EXPECT_EQ(Render(options, {kRows[1]}), "{\"name\":null,\"n\":null,\"ok\":false}\n");
}

TEST(Renderer, LineAndList) {
  RenderOptions options;
  options.mode = Mode::kLine;
  EXPECT_EQ(Render(options, {kRows[0], kRows[1]}),
            "name = a,\"b\"\n   n = 12\n  ok = t\n\nname = NULL\n   n = NULL\n  ok = f\n");
  options.mode = Mode::kList;
  EXPECT_EQ(Render(options, {kRows[0]}), "name|n|ok\na,\"b\"|12|t\n");
}

TEST(Renderer, LongResultsStreamWithTheFirstRowsWidths) {
  std::vector<std::vector<Cell>> rows(10'000, {{"x", false, ValueKind::kText}, {"1", false, ValueKind::kNumber}, {}});
  rows.back()[0].text = "wider than all before";
  const std::string text = Render({}, rows);
  EXPECT_NE(text.find("│ wider than all before │"), std::string::npos);
}

TEST(ErrorReport, PutsACaretUnderThePlace) {
  ErrorText error;
  error.sqlstate = "42703";
  error.message = "column \"nmae\" does not exist";
  error.hint = "did you mean \"name\"?";
  error.position = 17;
  error.frames = {"inserting into root.users", "splitting leaf page 812"};
  EXPECT_EQ(Report(error, "select 'é',\n     nmae from t", "setup.sql", 10, false),
            "setup.sql:11: error 42703: column \"nmae\" does not exist\n"
            "       nmae from t\n"
            "      ^\n"
            "  hint: did you mean \"name\"?\n"
            "  while inserting into root.users\n"
            "  while splitting leaf page 812\n");
}

TEST(ErrorReport, LongLinesAreCutAroundThePlace) {
  ErrorText error;
  error.position = 5000;
  const std::string sql = std::string(5000, 'a') + "!" + std::string(5000, 'b');
  const std::string report = Report(error, sql, "", 1, false);
  EXPECT_LT(report.size(), 400u);
  const size_t line = report.find("  …");
  const size_t caret = report.find('^');
  ASSERT_NE(line, std::string::npos);
  ASSERT_NE(caret, std::string::npos);
  const std::string shown = report.substr(line, report.find('\n', line) - line);
  const size_t caret_column = caret - (report.rfind('\n', caret) + 1);
  EXPECT_EQ(DisplayWidth(shown.substr(0, shown.find('!'))), caret_column);
}

TEST(ErrorReport, APositionAtTheEndIsFine) {
  ErrorText error;
  error.position = 6;
  EXPECT_NE(Report(error, "select", "", 1, false).find("  select\n        ^\n"), std::string::npos);
}

}  // namespace
}  // namespace turdb::shell
