//! What ProtoJSON parsers must accept beyond what they print (section 5.5, and protobuf's own JSON
//! mapping): `null` for unset, enum names and numbers, base64 of both alphabets with or without
//! padding, integers as strings or whole floats.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{self, Deserialize, Deserializer, Visitor};

const INDIFFERENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);

/// `null` reads as the default value.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A value of a oneof whose `null` is a value, not its absence (`Part.data`).
pub(crate) fn set<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// An `optional int32`: a number, a whole float, or either in a string.
pub(crate) fn int32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i32>, D::Error> {
    struct Int32;
    impl Visitor<'_> for Int32 {
        type Value = Option<i32>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a 32-bit integer")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<Self::Value, E> {
            i32::try_from(v)
                .map(Some)
                .map_err(|_| E::custom(format!("{v} does not fit a 32-bit integer")))
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<Self::Value, E> {
            i32::try_from(v)
                .map(Some)
                .map_err(|_| E::custom(format!("{v} does not fit a 32-bit integer")))
        }
        fn visit_f64<E: de::Error>(self, v: f64) -> Result<Self::Value, E> {
            if v.fract() == 0.0 && v >= f64::from(i32::MIN) && v <= f64::from(i32::MAX) {
                #[expect(clippy::cast_possible_truncation, reason = "checked above")]
                return Ok(Some(v as i32));
            }
            Err(E::custom(format!("{v} is not a 32-bit integer")))
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
            v.parse()
                .map(Some)
                .map_err(|_| E::custom(format!("{v:?} is not a 32-bit integer")))
        }
    }
    deserializer.deserialize_any(Int32)
}

/// Bytes in base64.
pub(crate) fn bytes<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<u8>>, D::Error> {
    struct Base64;
    impl Visitor<'_> for Base64 {
        type Value = Option<Vec<u8>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string in base64")
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<Self::Value, E> {
            let engine = if v.bytes().any(|b| b == b'-' || b == b'_') {
                &URL_SAFE
            } else {
                &STANDARD
            };
            engine
                .decode(v)
                .map(Some)
                .map_err(|error| E::custom(format!("not base64: {error}")))
        }
    }
    deserializer.deserialize_any(Base64)
}

/// A protobuf enum: the name that it prints, or its number.
pub(crate) trait ProtoEnum: Sized + Default {
    const TYPE: &'static str;
    /// The names that mean something; the first of an enum stands for "not set".
    const NAMES: &'static [&'static str];
    fn from_name(name: &str) -> Option<Self>;
    fn from_number(number: i64) -> Option<Self>;
}

pub(crate) fn enumerated<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: ProtoEnum,
{
    fn unknown<T: ProtoEnum, E: de::Error>(value: impl fmt::Display) -> E {
        let names = T::NAMES.get(1..).unwrap_or_default().join(", ");
        E::custom(format!(
            "{value} is not a {}: it is one of {names}",
            T::TYPE
        ))
    }
    struct Enum<T>(PhantomData<T>);
    impl<T: ProtoEnum> Visitor<'_> for Enum<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "the name or number of a {}", T::TYPE)
        }
        fn visit_unit<E>(self) -> Result<T, E> {
            Ok(T::default())
        }
        fn visit_str<E: de::Error>(self, v: &str) -> Result<T, E> {
            T::from_name(v).ok_or_else(|| unknown::<T, E>(format!("{v:?}")))
        }
        fn visit_i64<E: de::Error>(self, v: i64) -> Result<T, E> {
            T::from_number(v).ok_or_else(|| unknown::<T, E>(v))
        }
        fn visit_u64<E: de::Error>(self, v: u64) -> Result<T, E> {
            self.visit_i64(i64::try_from(v).unwrap_or(i64::MAX))
        }
    }
    deserializer.deserialize_any(Enum(PhantomData))
}

/// Declares a protobuf enum with its printed names and numbers.
macro_rules! proto_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $number:literal $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant,)* }

        impl $name {
            /// The name that ProtoJSON prints.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The number that protobuf writes.
            pub(crate) fn number(self) -> i32 {
                match self { $(Self::$variant => $number,)* }
            }
        }

        impl $crate::wire::lenient::ProtoEnum for $name {
            const TYPE: &'static str = stringify!($name);
            const NAMES: &'static [&'static str] = &[$($text,)*];
            fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)* _ => None }
            }
            fn from_number(number: i64) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(name: &str) -> Result<Self, ()> {
                use $crate::wire::lenient::ProtoEnum as _;
                Self::from_name(name)
                    .or_else(|| name.parse().ok().and_then(Self::from_number))
                    .ok_or(())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::wire::lenient::enumerated(deserializer)
            }
        }
    };
}
pub(crate) use proto_enum;
