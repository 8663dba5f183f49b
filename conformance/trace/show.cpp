#include "conformance/trace/show.hpp"

#include <cstdio>
#include <fstream>

#include "conformance/capture/capture.hpp"
#include "conformance/command/files.hpp"
#include "conformance/command/options.hpp"
#include "conformance/report/built_in.hpp"
#include "conformance/report/ladder.hpp"
#include "conformance/report/markup.hpp"
#include "conformance/report/print.hpp"
#include "conformance/report/tasks.hpp"

namespace conformance {
namespace {

constexpr std::size_t most_rows = 20000;  // beyond, browsers give up

std::string note_text(const CaptureNote& note) {
  std::string text = "note: ";
  if (note.packet > 0) text += "packet " + std::to_string(note.packet) + ": ";
  if (note.connection) text += "connection " + std::to_string(*note.connection) + ": ";
  return text + note.text;
}

std::string ends_text(const Flow& flow) { return flow.initiator + " -> " + flow.target; }

/// What a conversation is shown on.
class View {
 public:
  View() = default;
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  View(View&&) = delete;
  View& operator=(View&&) = delete;
  virtual ~View() = default;
  virtual void record(const Record& record, const std::string& task, const Flow& flow) = 0;
  virtual void note(const std::string& text) = 0;
  virtual void end() = 0;
};

class TextView : public View {
 public:
  explicit TextView(bool full) : full_{full} {}
  void record(const Record& record, const std::string& task, const Flow& flow) override {
    std::string text = print_packet_line(record, task);
    if (record.kind == Record::Kind::opened) {
      text.pop_back();
      text += ", " + ends_text(flow) + "\n";
    }
    if (full_) text += print_details(record);
    std::fputs(text.c_str(), stdout);
  }
  void note(const std::string& text) override { std::fprintf(stdout, "%s\n", text.c_str()); }
  void end() override { std::fflush(stdout); }

 private:
  bool full_ = false;
};

class PageView : public View {
 public:
  PageView(const std::string& file, const std::string& capture)
      : out_{file, std::ios::binary}, file_{file} {
    const std::string title = escaped(capture);
    out_ << "<!doctype html>\n<html lang=en><meta charset=utf-8>"
            "<meta name=viewport content=\"width=device-width\">"
            "<meta name=color-scheme content=\"light dark\">"
            "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
            "style-src 'unsafe-inline'\">\n<title>"
         << title << "</title>\n<style>\n"
         << page_style << "</style>\n<main>\n<header><p class=dim>captured iSCSI</p><h1>" << title
         << "</h1></header>\n"
         << ladder_head();
  }
  void record(const Record& record, const std::string& task, const Flow& flow) override {
    if (++rows_ > most_rows) return;
    const bool opens = record.kind == Record::Kind::opened;
    out_ << ladder_row(record, opens ? ends_text(flow) : task);
  }
  void note(const std::string& text) override {
    if (notes_.size() < most_rows) notes_ += "<p class=note>" + escaped(text) + "</p>\n";
  }
  void end() override {
    out_ << ladder_end();
    if (rows_ > most_rows)
      out_ << "<p class=note>" << rows_ - most_rows << " more are not shown</p>\n";
    out_ << notes_ << "</main>\n</html>\n";
    out_.flush();
  }
  [[nodiscard]] bool is_written() const { return static_cast<bool>(out_); }

 private:
  std::ofstream out_;
  std::string file_;
  std::string notes_;
  std::size_t rows_ = 0;
};

int show_on(View& view, const ShowOptions& options) {
  auto capture = Capture::open(options.capture);
  if (!capture) return refuse(capture.error());
  TaskNames tasks;
  std::uint64_t records = 0;
  int status = exit_expected;
  while (true) {
    const auto record = capture->next();
    if (record && *record) {
      ++records;
      view.record(**record, tasks.about(**record), capture->flow((*record)->connection));
    }
    for (const CaptureNote& note : capture->take_notes()) view.note(note_text(note));
    if (record && *record) continue;
    if (!record) view.note(record.error());
    view.end();
    if (!record) return refuse(options.capture + ": " + record.error());
    break;
  }
  if (records == 0) status = refuse(options.capture + ": no iSCSI in it");
  return status;
}

}  // namespace

int show(const ShowOptions& options) {
  if (options.html.empty()) {
    TextView view{options.full};
    return show_on(view, options);
  }
  PageView view{options.html, options.capture};
  if (!view.is_written()) return refuse("cannot write " + options.html);
  const int status = show_on(view, options);
  return view.is_written() ? status : refuse("cannot write " + options.html);
}

}  // namespace conformance
