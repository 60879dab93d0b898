//! The artifacts of the demo's application, made on the spot.

use std::fs::File;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::application::Release;

/// Writes `<folder>/app-<version>.tar.gz` with the release's own description in it.
///
/// # Errors
/// Where the file cannot be written.
pub(super) fn write(folder: &Path, release: &Release) -> std::io::Result<()> {
    let path = folder.join(format!("app-{}.tar.gz", release.version));
    let mut archive = tar::Builder::new(GzEncoder::new(File::create(path)?, Compression::default()));
    let text = serde_json::to_vec_pretty(release)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "release.json", text.as_slice())?;
    archive.into_inner()?.finish()?;
    Ok(())
}
