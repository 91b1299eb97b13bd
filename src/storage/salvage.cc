// Opening a database whose log or files are damaged, to read what is left. Works on a copy that may be spoilt: the log is
// replayed as far as it makes sense, or not at all, and files are taken for what their headers say.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/crc32c.h"
#include "storage/file_header.h"
#include "storage/storage_impl.h"

namespace turdb::storage {

namespace {

bool IsFileOfPages(std::string_view name) {
  return name.ends_with(".tbd") || name.ends_with(".idx") || name.ends_with(".hnsw");
}

}  // namespace

// The header of a file of pages, if it is sound.
StatusOr<std::array<std::byte, kFileHeaderBytes>> Storage::Impl::SoundHeader(const std::string& path) const {
  TURDB_ASSIGN_OR_RETURN(const std::unique_ptr<os::File> file,
                         environment.files->Open(os::JoinPath(directory, path), os::OpenMode::kReadOnly));
  std::array<std::byte, kFileHeaderBytes> header{};
  TURDB_RETURN_IF_ERROR(file->Read(0, header));
  if (base::LoadLE<uint32_t>(header.data() + file_header::kCrc) != base::Crc32c(Bytes(header).first(file_header::kCrc))) {
    return base::CorruptionError(absl::StrCat(path, ": the checksum of the file's header does not match its bytes"));
  }
  return header;
}

// Those with a sound header, in the database's folders; half-made and dropped files have other endings.
StatusOr<std::vector<Storage::Impl::FoundFile>> Storage::Impl::FindFiles() {
  std::vector<FoundFile> found;
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> folders, environment.files->List(directory));
  for (const std::string& folder : folders) {
    const StatusOr<std::vector<std::string>> names = environment.files->List(os::JoinPath(directory, folder));
    if (!names.ok()) continue;  // a file
    for (const std::string& name : *names) {
      if (!IsFileOfPages(name)) continue;
      const std::string path = absl::StrCat(folder, "/", name);
      const auto header = SoundHeader(path);
      const StatusOr<FileId> id = header.ok() ? FileIdOf(*header) : header.status();
      if (!id.ok()) {
        recovery.problems.push_back(base::Describe(id.status()));
        continue;
      }
      found.push_back({*id, path, base::LoadLE<uint64_t>(header->data() + file_header::kDatabaseId)});
    }
  }
  return found;
}

// When the header of turdb.meta is damaged, the other files know as much of it as is needed.
Status Storage::Impl::AdoptDatabaseId(Status problem) {
  TURDB_ASSIGN_OR_RETURN(const std::vector<FoundFile> found, FindFiles());
  if (found.empty()) return problem;
  recovery.problems.push_back(base::Describe(problem));
  files.set_database_id(found.front().database_id);
  files.set_any_meta_header(true);
  files.SetPath(base::kMetaFile, "turdb.meta");
  return absl::OkStatus();
}

Status Storage::Impl::AdoptFiles() {
  TURDB_ASSIGN_OR_RETURN(const std::vector<FoundFile> found, FindFiles());
  for (const FoundFile& file : found) {
    if (file.database_id == files.database_id()) file_directory->Adopt(file.id, file.path);
  }
  return absl::OkStatus();
}

Status RemoveLog(os::FileSystem& files, const std::string& directory) {
  const std::string folder = os::JoinPath(directory, "wal");
  TURDB_ASSIGN_OR_RETURN(const bool exists, files.Exists(folder));
  if (!exists) return absl::OkStatus();
  TURDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(folder));
  for (const std::string& name : names) TURDB_RETURN_IF_ERROR(files.Remove(os::JoinPath(folder, name)));
  return absl::OkStatus();
}

StatusOr<PageNo> Storage::PagesOnDisk(FileId file) {
  if (const StatusOr<PageNo> count = PageCount(file); count.ok()) return count;
  TURDB_ASSIGN_OR_RETURN(const std::shared_ptr<PageFile> opened, impl_->files.Get(file));
  TURDB_ASSIGN_OR_RETURN(const uint64_t size, opened->file().Size());
  return static_cast<PageNo>(size / kPageSize);
}

}  // namespace turdb::storage
