//! Avatars made of what somebody sends, whom nobody trusts: decoded within bounds, cut to a square,
//! scaled, and written anew, so that nothing of the bytes that came survives but what is seen.

use std::io::Cursor;

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::limits::{AVATAR_BYTES_MAX, AVATAR_SIDE};
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageError, ImageReader,
    Limits, Rgb, RgbImage, RgbaImage,
};

use super::work::Work;

/// Images that are decoded at a time: each takes up to `DECODER_BYTES_MAX` beside its pixels, and
/// tens of milliseconds of a core.
const DECODED_AT_ONCE_MAX: usize = 1;
/// Images that wait or are decoded; each is as long as an upload may be.
const DECODED_WAITING_MAX: usize = 16;
/// Widest and highest image that is decoded: what its pixels take is bounded by that before any
/// of it is decoded.
const IMAGE_SIDE_MAX: u32 = 2_048;
/// Bytes that a decoder may take for what is not pixels of its result.
const DECODER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Of JPEG; at the side of an avatar some 5 KB, and of pure noise some 20 KB.
const QUALITY: u8 = 85;

/// Where images are made avatars.
pub(super) fn workplace() -> Work {
    let crowded = "Too many images are looked at; try again in a moment.";
    Work::new(DECODED_AT_ONCE_MAX, DECODED_WAITING_MAX, crowded)
}

/// Why an image makes no avatar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AvatarError {
    /// It ends early, or says of itself what cannot be.
    Broken,
    /// It is wider or higher than `IMAGE_SIDE_MAX`.
    Large,
    /// It is of no kind that is decoded.
    Unknown,
    /// What was made of it is too long, which no image should bring about.
    Unfit,
}

impl From<AvatarError> for Refusal {
    fn from(error: AvatarError) -> Self {
        let sentence = match error {
            AvatarError::Broken => "The image is broken; it cannot be decoded.",
            AvatarError::Large => "The image is wider or higher than 2,048 pixels.",
            AvatarError::Unknown => "This is not a PNG, JPEG or WebP image.",
            AvatarError::Unfit => return Code::Internal.into(),
        };
        Self { sentence: sentence.to_owned(), ..Code::ImageInvalid.into() }
    }
}

impl From<ImageError> for AvatarError {
    fn from(error: ImageError) -> Self {
        tracing::debug!(%error, "an image cannot be decoded");
        match error {
            ImageError::Limits(_) => Self::Large,
            ImageError::Unsupported(_) => Self::Unknown,
            _ => Self::Broken,
        }
    }
}

/// The avatar that an image makes: a JPEG of `AVATAR_SIDE` both ways.
pub(super) fn made_of(bytes: &[u8]) -> Result<Vec<u8>, AvatarError> {
    let (image, orientation) = decoded(bytes)?;
    let mut square = DynamicImage::ImageRgba8(square_of(&image));
    square.apply_orientation(orientation);
    let avatar = encoded(&on_white(&square.to_rgba8()));
    // No image of that size comes near the limit.
    avatar.ok().filter(|avatar| avatar.len() <= AVATAR_BYTES_MAX).ok_or(AvatarError::Unfit)
}

/// The image, and how it is to be turned. Its colours are taken as they are.
fn decoded(bytes: &[u8]) -> Result<(DynamicImage, Orientation), ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(IMAGE_SIDE_MAX);
    limits.max_image_height = Some(IMAGE_SIDE_MAX);
    limits.max_alloc = Some(DECODER_BYTES_MAX);
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((DynamicImage::from_decoder(decoder)?, orientation))
}

/// The middle of an image, scaled.
fn square_of(image: &DynamicImage) -> RgbaImage {
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let middle = image.view((width - side) / 2, (height - side) / 2, side, side);
    imageops::resize(&*middle, AVATAR_SIDE, AVATAR_SIDE, FilterType::CatmullRom)
}

/// What is seen of an image before white.
fn on_white(image: &RgbaImage) -> RgbImage {
    let mix = |channel: u8, alpha: u8| {
        let (channel, alpha) = (u16::from(channel), u16::from(alpha));
        u8::try_from((channel * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
    };
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        Rgb([mix(red, alpha), mix(green, alpha), mix(blue, alpha)])
    })
}

fn encoded(image: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode(
        image.as_raw(),
        image.width(),
        image.height(),
        ExtendedColorType::Rgb8,
    )?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use image::{ImageFormat, Rgba};

    use super::*;

    /// A PNG, red on the left and blue on the right, with something hidden in a text.
    pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
        let red = |x| if x < width / 2 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) };
        written(&RgbaImage::from_fn(width, height, |x, _| red(x)), ImageFormat::Png)
    }

    fn written(image: &RgbaImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = DynamicImage::ImageRgba8(image.clone());
        let image = if format == ImageFormat::Jpeg { image.to_rgb8().into() } else { image };
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// A PNG whose head declares another size than it has.
    pub(crate) fn declaring(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = png(8, 8);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let mut sum = 0xffff_ffff_u32;
        for byte in &bytes[12..29] {
            sum ^= u32::from(*byte);
            for _ in 0..8 {
                sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
            }
        }
        bytes[29..33].copy_from_slice(&(!sum).to_be_bytes());
        bytes
    }

    fn shown(avatar: &[u8]) -> RgbImage {
        assert!(avatar.len() <= AVATAR_BYTES_MAX);
        let image = image::load_from_memory_with_format(avatar, ImageFormat::Jpeg).unwrap();
        assert_eq!(image.dimensions(), (AVATAR_SIDE, AVATAR_SIDE));
        image.to_rgb8()
    }

    fn is_near(found: &Rgb<u8>, expected: [u8; 3]) -> bool {
        found.0.iter().zip(expected).all(|(a, b)| a.abs_diff(b) < 16)
    }

    #[test]
    fn any_image_becomes_a_small_square() {
        for (width, height) in [(1, 1), (1, 2_048), (2_048, 1), (300, 200), (128, 128)] {
            shown(&made_of(&png(width, height)).unwrap());
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let wide = RgbaImage::from_fn(400, 100, |x, _| match x {
                0..200 => Rgba([255, 0, 0, 255]),
                _ => Rgba([0, 0, 255, 255]),
            });
            let seen = shown(&made_of(&written(&wide, format)).unwrap());
            assert!(is_near(seen.get_pixel(8, 64), [255, 0, 0]), "{format:?}");
            assert!(is_near(seen.get_pixel(120, 64), [0, 0, 255]), "{format:?}");
        }
    }

    #[test]
    fn what_is_clear_is_white_and_noise_is_small() {
        let clear = RgbaImage::from_pixel(50, 50, Rgba([0, 0, 0, 0]));
        let seen = shown(&made_of(&written(&clear, ImageFormat::Png)).unwrap());
        assert!(is_near(seen.get_pixel(64, 64), [255, 255, 255]));
        let mut state = 1_u32;
        let noise = RgbaImage::from_fn(128, 128, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [a, b, c, _] = state.to_be_bytes();
            Rgba([a, b, c, 255])
        });
        shown(&made_of(&written(&noise, ImageFormat::Png)).unwrap());
    }

    #[test]
    fn nothing_of_the_bytes_that_came_survives() {
        let photo =
            written(&RgbaImage::from_pixel(40, 20, Rgba([9, 9, 9, 255])), ImageFormat::Jpeg);
        // Turned by a quarter, as phones say it, with a place in the same block; and a tail.
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        exif.extend(b"\0\x06\0\0\0\0\0\0 48.2082 N 16.3738 E");
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let head = [&photo[..2], &[0xff, 0xe1], &length, &exif].concat();
        let bytes = [&head, &photo[2..], b"<script>"].concat();
        assert_eq!(decoded(&bytes).unwrap().1, Orientation::Rotate90);
        let avatar = made_of(&bytes).unwrap();
        for hidden in [&b"48.2082"[..], b"Exif", b"<script>"] {
            assert!(!avatar.windows(hidden.len()).any(|found| found == hidden));
        }
        // An avatar made of an avatar is one.
        shown(&made_of(&avatar).unwrap());
    }

    #[test]
    fn what_is_no_image_or_too_large_is_refused() {
        let whole = png(64, 64);
        let half = &whole[..whole.len() / 2];
        let huge = declaring(60_000, 60_000);
        for unknown in [b"", &b"hello"[..], b"<svg/>", b"GIF89a\x01\0\x01\0\0\0\0;"] {
            assert_eq!(made_of(unknown), Err(AvatarError::Unknown));
        }
        assert_eq!(made_of(half), Err(AvatarError::Broken));
        for large in [huge, png(IMAGE_SIDE_MAX + 1, 1)] {
            assert_eq!(made_of(&large), Err(AvatarError::Large));
        }
        let empty = declaring(IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
        assert_eq!(made_of(&empty), Err(AvatarError::Broken));
    }
}
