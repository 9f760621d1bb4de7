//! The services, as messages name them.

use std::fmt;

/// A service that keeps keys or secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // The names are the services' own.
pub enum KeyService {
    AzureKeyVault,
    Vault,
    AwsSecretsManager,
    AwsParameterStore,
    AwsKms,
    AwsSts,
    AwsMetadata,
    GoogleSecretManager,
    GoogleKms,
}

impl KeyService {
    /// Returns what gives this service its credentials, as the hint where there are none.
    pub(super) fn credentials_hint(self) -> &'static str {
        match self {
            Self::AzureKeyVault => "run `az login`, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
            Self::Vault => "set VAULT_ADDR and VAULT_TOKEN, or run `vault login`",
            Self::AwsSecretsManager | Self::AwsParameterStore | Self::AwsKms | Self::AwsSts | Self::AwsMetadata => {
                "run `aws configure`, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION"
            }
            Self::GoogleSecretManager | Self::GoogleKms => {
                "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
            }
        }
    }
}

impl fmt::Display for KeyService {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AzureKeyVault => "Azure Key Vault",
            Self::Vault => "Vault",
            Self::AwsSecretsManager => "AWS Secrets Manager",
            Self::AwsParameterStore => "AWS Parameter Store",
            Self::AwsKms => "AWS KMS",
            Self::AwsSts => "AWS STS",
            Self::AwsMetadata => "AWS's metadata service",
            Self::GoogleSecretManager => "Google Secret Manager",
            Self::GoogleKms => "Google Cloud KMS",
        })
    }
}
