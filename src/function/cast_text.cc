// Casts to and from text, through the text form of the other type; lengths and padding.
#include "function/cast_kernels.h"

#include <string>

#include "vec/text_format.h"

namespace turdb::function {
namespace {

template <bool kCut>
void ToTextKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const VectorView& view = call.args[0];
  const size_t width = from.width();
  std::string text;
  call.ForEach([&](SelIndex row) {
    text.clear();
    vec::AppendSlotText(from, view.data + view.Index(row) * width, call.context.text, &text);
    // PostgreSQL's text of an inet always has its mask, unlike what it prints.
    if (from.id == TypeId::kInet && text.find('/') == std::string::npos) {
      text += text.find(':') == std::string::npos ? "/32" : "/128";
    }
    if (Status status = vec::FitCharacters(to, kCut, &text); !status.ok()) {
      call.RaiseStatus(row, std::move(status));
    } else {
      call.result->SetString(row, text);
    }
  });
}

void FromTextKernel(Call& call) {
  const Type to = call.result_type();
  const VectorView& view = call.args[0];
  const bool trim = call.argument_types[0].id == TypeId::kChar && to.id != TypeId::kBlob;
  call.ForEach([&](SelIndex row) {
    std::string_view text = view.Get<StringView>(row).view();
    if (trim) text = vec::TrimTrailingBlanks(text);
    // Numbers first: the two commonest need no Value.
    if (to.id == TypeId::kInt64) {
      if (vec::ParseInt64(text, &call.result->data<int64_t>()[row]) == vec::NumberOutcome::kOk) return;
    } else if (to.id == TypeId::kDouble) {
      if (vec::ParseDouble(text, &call.result->data<double>()[row]) == vec::NumberOutcome::kOk) return;
    }
    StatusOr<Value> value = Value::Parse(text, to, &call.context.text);
    if (!value.ok()) {
      call.RaiseStatus(row, value.status());
    } else {
      call.result->SetValue(row, *value);
    }
  });
}

// Between kinds of text: lengths, padding.
template <bool kCut>
void TextToTextKernel(Call& call) {
  const Type from = call.argument_types[0], to = call.result_type();
  const VectorView& view = call.args[0];
  call.ShareHeap(0);
  std::string fitted;
  call.ForEach([&](SelIndex row) {
    const StringView& view_of_row = view.Get<StringView>(row);
    std::string_view text = view_of_row.view();
    if (from.id == TypeId::kChar && to.id != TypeId::kChar) text = vec::TrimTrailingBlanks(text);
    const bool fits = to.length == 0 || (to.id == TypeId::kVarchar && text.size() <= static_cast<size_t>(to.length));
    if (fits) {
      // The bytes stay where they are.
      call.result->data<StringView>()[row] = text.size() == view_of_row.size() ? view_of_row : StringView(text);
      return;
    }
    fitted.assign(text);
    if (Status status = vec::FitCharacters(to, kCut, &fitted); !status.ok()) {
      call.RaiseStatus(row, std::move(status));
    } else {
      call.result->SetString(row, fitted);
    }
  });
}

}  // namespace

Kernel TextCastKernel(bool from_text, bool to_text, bool cut) {
  if (from_text && to_text) return cut ? TextToTextKernel<true> : TextToTextKernel<false>;
  if (from_text) return FromTextKernel;
  return cut ? ToTextKernel<true> : ToTextKernel<false>;
}

}  // namespace turdb::function
