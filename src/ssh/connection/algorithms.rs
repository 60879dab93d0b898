//! Which algorithms are offered, and the timers of a connection.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::ssh_key::EcdsaCurve;
use russh::keys::{Algorithm, HashAlg};
use russh::{Preferred, cipher, client, compression, kex, mac};

use crate::ssh::config::HostConfig;

/// Quick and safe ones. Group exchange is left out: with the usual sizes it costs a second of CPU for each login. The
/// last two are no algorithms: they switch on strict key exchange (CVE-2023-48795) and the host's list of signature
/// algorithms.
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::DH_G16_SHA512,
    kex::DH_G14_SHA256,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

/// AES-GCM costs least, where there are AES instructions; `ChaCha20` where there are none.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

const MACS: &[mac::Name] = &[
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512,
    mac::HMAC_SHA256,
];

/// Kinds of host key, all without SHA-1.
const HOST_KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];

/// Messages of a channel that wait to be read: what a slow reader costs in memory at most, times 32 KiB.
const WAITING_MESSAGES: usize = 32;

/// The settings for a connection to `host`. Of the kinds of host key, those that are `known` come first, so that the
/// host shows one that can be compared; with `authority` its certificate comes before all.
pub(super) fn client_config(host: &HostConfig, known: &[Algorithm], authority: bool) -> Arc<client::Config> {
    let interval = host.alive_interval_seconds.value;
    let keepalive = (interval > 0).then(|| Duration::from_secs(interval));
    // It counts answered keepalives too, so it must be above what they take to notice that nobody answers.
    let silence = keepalive_bound(host).map(|bound| bound + Duration::from_secs(interval.saturating_mul(2)));
    Arc::new(client::Config {
        nodelay: true,
        keepalive_interval: keepalive,
        keepalive_max: host.alive_count_max.value.max(1) as usize,
        inactivity_timeout: silence,
        channel_buffer_size: WAITING_MESSAGES,
        preferred: Preferred {
            kex: Cow::Borrowed(KEX),
            key: Cow::Owned(host_keys(known)),
            host_key_certificates: if authority {
                Cow::Borrowed(HOST_KEYS)
            } else {
                Cow::Borrowed(&[])
            },
            cipher: Cow::Borrowed(CIPHERS),
            mac: Cow::Borrowed(MACS),
            compression: Cow::Borrowed(&[compression::NONE]),
        },
        ..client::Config::default()
    })
}

/// After so long without a byte from the host its connection counts as lost; none where keepalive is switched off.
pub(super) fn keepalive_bound(host: &HostConfig) -> Option<Duration> {
    let interval = host.alive_interval_seconds.value;
    let count = u64::from(host.alive_count_max.value.max(1));
    (interval > 0).then(|| Duration::from_secs(interval.saturating_mul(count + 1)))
}

/// All kinds, those that are known in front. A known RSA key has no hash; it stands for both.
fn host_keys(known: &[Algorithm]) -> Vec<Algorithm> {
    let is_known = |kind: &Algorithm| {
        known.iter().any(|known| match (known, kind) {
            (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
            (known, kind) => known == kind,
        })
    };
    let (mut first, rest): (Vec<Algorithm>, Vec<Algorithm>) = HOST_KEYS.iter().cloned().partition(is_known);
    first.extend(rest);
    first
}

#[cfg(test)]
mod tests {
    use super::{HOST_KEYS, KEX, host_keys};
    use russh::kex;
    use russh::keys::{Algorithm, HashAlg};

    #[test]
    fn known_kinds_come_first_and_none_is_lost() {
        let kinds = host_keys(&[Algorithm::Rsa { hash: None }]);
        assert_eq!(
            kinds[0],
            Algorithm::Rsa {
                hash: Some(HashAlg::Sha512)
            }
        );
        assert_eq!(kinds.len(), HOST_KEYS.len());
        assert!(!kinds.contains(&Algorithm::Rsa { hash: None }), "SHA-1");
    }

    #[test]
    fn strict_key_exchange_and_signature_lists_stay_on() {
        assert!(KEX.contains(&kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT));
        assert!(KEX.contains(&kex::EXTENSION_SUPPORT_AS_CLIENT));
        assert!(!KEX.contains(&kex::DH_GEX_SHA256));
    }
}
