//! The code of a version: base64 of a module or the text of a script in a package, and alone in a `.skyext` file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, DecodeSliceError};

use crate::domain::digest::CodeDigests;
use crate::domain::fault::Fault;
use crate::domain::limits::CODE_BYTES_MAX;
use crate::domain::manifest::Runtime;

/// The first bytes of every WebAssembly module (WebAssembly Core Specification, 5.5.16).
const WASM_MAGIC: &[u8] = b"\0asm";
/// What base64 of a module starts with, whatever follows the magic bytes.
const WASM_MAGIC_BASE64: &str = "AGFzb";

/// The decoded code: the bytes of a module, or the UTF-8 bytes of a script.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// What it is.
    pub runtime: Runtime,
    /// The bytes that the digests are over.
    pub bytes: Vec<u8>,
}

/// What is wrong with code: a stable code and a message.
pub(super) type CodeFault = (&'static str, String);

impl Code {
    /// Tells what the bytes of a `.skyext` file are by looking at them.
    ///
    /// # Errors
    /// A fault where they are empty, too many, or neither a module nor UTF-8 text.
    pub fn sniff(bytes: Vec<u8>) -> Result<Code, Fault> {
        Code::from_bytes(bytes, None).map_err(|(code, message)| Fault { pointer: String::new(), code, message })
    }

    /// The digests of the bytes.
    pub fn digests(&self) -> CodeDigests {
        CodeDigests::of(&self.bytes)
    }

    /// The code as it stands in a package.
    pub fn to_text(&self) -> String {
        match self.runtime {
            Runtime::Wasm => STANDARD.encode(&self.bytes),
            Runtime::Javascript => String::from_utf8_lossy(&self.bytes).into_owned(),
        }
    }

    /// What the `code` of a package looks like.
    pub(super) fn infer(text: &str) -> Runtime {
        let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_ \r\n\t".contains(&byte);
        if text.starts_with(WASM_MAGIC_BASE64) && text.bytes().all(is_base64) {
            Runtime::Wasm
        } else {
            Runtime::Javascript
        }
    }

    /// Reads the `code` of a package as `runtime`.
    pub(super) fn from_text(text: &str, runtime: Runtime) -> Result<Code, CodeFault> {
        let bytes = match runtime {
            Runtime::Javascript => text.as_bytes().to_vec(),
            Runtime::Wasm => {
                // Four characters for three bytes: looked at before anything is decoded.
                check_size(text.len() / 4 * 3, 2)?;
                decode(text)?
            }
        };
        Code::from_bytes(bytes, Some(runtime))
    }

    /// Judges decoded bytes, as `declared` where that is known.
    pub(super) fn from_bytes(bytes: Vec<u8>, declared: Option<Runtime>) -> Result<Code, CodeFault> {
        if bytes.is_empty() {
            return Err(("empty_code", "the code is empty".to_owned()));
        }
        check_size(bytes.len(), 0)?;
        let is_module = bytes.starts_with(WASM_MAGIC);
        let runtime = declared.unwrap_or(if is_module { Runtime::Wasm } else { Runtime::Javascript });
        match runtime {
            Runtime::Wasm if !is_module => {
                Err(("not_wasm", "the code is no WebAssembly module: it does not start with \\0asm".to_owned()))
            }
            Runtime::Javascript if is_module => {
                Err(("not_javascript", "the code is a WebAssembly module, the runtime says javascript".to_owned()))
            }
            Runtime::Javascript => match std::str::from_utf8(&bytes) {
                Ok(_) => Ok(Code { runtime, bytes }),
                Err(error) => Err((
                    "not_utf8",
                    format!("the code is neither a WebAssembly module nor UTF-8 text (byte {})", error.valid_up_to()),
                )),
            },
            Runtime::Wasm => Ok(Code { runtime, bytes }),
        }
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Code({}, {} bytes)", self.runtime, self.bytes.len())
    }
}

fn check_size(bytes: usize, tolerance: usize) -> Result<(), CodeFault> {
    if bytes > CODE_BYTES_MAX + tolerance {
        return Err(("code_too_large", format!("the code has {bytes} bytes; at most {CODE_BYTES_MAX} are allowed")));
    }
    Ok(())
}

fn decode(text: &str) -> Result<Vec<u8>, CodeFault> {
    let mut bytes = vec![0; text.len().div_ceil(4) * 3];
    let refused =
        |why: String| Err(("bad_base64", format!("the code is not standard, padded, canonical base64: {why}")));
    match STANDARD.decode_slice(text, &mut bytes) {
        Ok(length) => {
            bytes.truncate(length);
            Ok(bytes)
        }
        Err(DecodeSliceError::DecodeError(DecodeError::InvalidByte(offset, byte))) => {
            refused(format!("byte 0x{byte:02x} at offset {offset} does not belong there"))
        }
        Err(DecodeSliceError::DecodeError(DecodeError::InvalidLength(length))) => {
            refused(format!("it has {length} symbols, which is no whole number of bytes"))
        }
        Err(DecodeSliceError::DecodeError(DecodeError::InvalidLastSymbol { offset, .. })) => {
            refused(format!("the last symbol, at offset {offset}, holds bits that belong to no byte"))
        }
        Err(DecodeSliceError::DecodeError(DecodeError::InvalidPadding)) => refused("its padding is wrong".to_owned()),
        Err(DecodeSliceError::OutputSliceTooSmall) => refused("it is longer than it can be".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_apart() {
        for (bytes, expected) in [
            (b"\0asm\x01\0\0\0".to_vec(), Ok(Runtime::Wasm)),
            (b"exports.run = 1".to_vec(), Ok(Runtime::Javascript)),
            (Vec::new(), Err("empty_code")),
            (vec![0xff, 0xfe], Err("not_utf8")),
            (vec![b'a'; CODE_BYTES_MAX], Ok(Runtime::Javascript)),
            (vec![b'a'; CODE_BYTES_MAX + 1], Err("code_too_large")),
        ] {
            let found = Code::sniff(bytes).map(|code| code.runtime).map_err(|fault| fault.code);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn only_canonical_base64_is_read() {
        for (text, fault) in [
            ("AGFzbQ==", None),
            ("AGFzbQE=", None),
            ("AGFzbQ", Some("bad_base64")),
            ("AGFzbQ=", Some("bad_base64")),
            ("AGFzbR==", Some("bad_base64")),
            ("AGFzbQ==\n", Some("bad_base64")),
            ("AGFz bQ==", Some("bad_base64")),
            ("AGFzbQ===", Some("bad_base64")),
            ("AAAA", Some("not_wasm")),
            ("", Some("empty_code")),
            ("é", Some("bad_base64")),
        ] {
            let found = Code::from_text(text, Runtime::Wasm);
            assert_eq!(found.as_ref().err().map(|(code, _)| *code), fault, "{text:?}");
            if let Ok(code) = found {
                assert_eq!(code.to_text(), text);
            }
        }
        let long = "A".repeat((CODE_BYTES_MAX + 3).div_ceil(3) * 4);
        assert_eq!(Code::from_text(&long, Runtime::Wasm).unwrap_err().0, "code_too_large");
        assert_eq!(Code::from_text("\0asm", Runtime::Javascript).unwrap_err().0, "not_javascript");
    }

    #[test]
    fn the_runtime_is_inferred_from_the_text() {
        for (text, runtime) in [
            ("AGFzbQEAAAA=", Runtime::Wasm),
            ("AGFzbQEAAAA", Runtime::Wasm),
            ("AGFzbQE;", Runtime::Javascript),
            ("exports.run = () => 1", Runtime::Javascript),
            ("QUJD", Runtime::Javascript),
        ] {
            assert_eq!(Code::infer(text), runtime, "{text}");
        }
    }
}
