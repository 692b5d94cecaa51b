//! Why a call to AWS gave no answer to use, and what its refusals mean.
//!
//! May use nothing but `std`: the texts AWS refuses with are told apart here and nowhere else.

/// Why a call to AWS gave no answer to use.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AwsError {
    #[error("{code}: {message}")]
    Refused {
        /// `AccessDenied`, `InvalidClientTokenId`, …; `HTTP 502` where the answer has no code of AWS's in it.
        code: String,
        /// AWS's own words: one line, without any secret the request carried.
        message: String,
        status: u16,
        request_id: Option<String>,
    },
    /// AWS could not be reached: name lookup, connection, TLS, proxy. The request was not processed.
    #[error("cannot reach {endpoint}: {cause}")]
    Unreachable {
        endpoint: String,
        /// What failed; it begins with what kept the request from going out, in a few fixed words.
        cause: String,
    },
    /// The request went out and no answer came back; whether AWS acted on it is not known.
    #[error("no response from {endpoint}: {cause}")]
    AnswerLost { endpoint: String, cause: String },
    /// A response came that is not AWS's, is cut short, or contradicts the request; whether AWS acted on it is not known.
    #[error("{endpoint}: {cause}")]
    Invalid {
        endpoint: String,
        /// It begins with `the response `.
        cause: String,
    },
    /// The request could not be made: a bad CA bundle, proxy, endpoint or parameter.
    #[error("{0}")]
    Setup(String),
}

/// What kept a request from going out: how the cause of [`AwsError::Unreachable`] begins.
pub(super) mod obstacle {
    pub(in crate::aws) const NAME_LOOKUP: &str = "name lookup failed";
    pub(in crate::aws) const TIMEOUT: &str = "no connection within";
    pub(in crate::aws) const TLS: &str = "TLS failed";
    pub(in crate::aws) const PROXY: &str = "the proxy refused";
    pub(in crate::aws) const CONNECTION: &str = "no connection";
    pub(in crate::aws) const DESCRIPTORS: &str = "too few file descriptors";
}

impl AwsError {
    /// AWS's error code, where AWS answered.
    pub fn code(&self) -> Option<&str> {
        match self {
            AwsError::Refused { code, .. } => Some(code),
            AwsError::Unreachable { .. }
            | AwsError::AnswerLost { .. }
            | AwsError::Invalid { .. }
            | AwsError::Setup(_) => None,
        }
    }

    pub(super) fn says(&self, part: &str) -> bool {
        match self {
            AwsError::Refused { message, .. } => message.contains(part),
            AwsError::Unreachable { .. }
            | AwsError::AnswerLost { .. }
            | AwsError::Invalid { .. }
            | AwsError::Setup(_) => false,
        }
    }

    fn is_one_of(&self, codes: &[&str]) -> bool {
        self.code().is_some_and(|code| codes.contains(&code))
    }

    /// The MFA code was wrong, or was used before: AWS does not say which.
    pub fn is_wrong_code(&self) -> bool {
        self.is_denial() && self.says("invalid MFA one time pass code")
    }

    /// The MFA device is not one of the signer's own, does not exist, or makes no codes the API takes (a passkey).
    pub fn is_wrong_device(&self) -> bool {
        self.is_denial() && self.says("MultiFactorAuthentication failed") && !self.is_wrong_code()
    }

    /// A policy says no; a refused MFA code or device is something else.
    pub fn is_access_denied(&self) -> bool {
        self.is_denial() && !self.says("MultiFactorAuthentication failed")
    }

    fn is_denial(&self) -> bool {
        self.is_one_of(&["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
    }

    /// More than an hour was asked of a role assumed with a session.
    pub fn is_chaining_limit(&self) -> bool {
        self.is_one_of(&["ValidationError"]) && self.says("1 hour session limit for roles assumed by role chaining")
    }

    /// More was asked than the role's own maximum.
    pub fn is_over_max_session_duration(&self) -> bool {
        self.is_one_of(&["ValidationError"]) && self.says("exceeds the MaxSessionDuration")
    }

    /// AWS does not take the key id: deleted, inactive, seconds old, of another partition; or an IAM call was signed with
    /// a session made without MFA (IAM User Guide, "Requesting temporary security credentials").
    pub fn is_invalid_client_token(&self) -> bool {
        self.is_one_of(&["InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"])
    }

    /// The signing session has ended.
    pub fn is_expired(&self) -> bool {
        self.is_one_of(&["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"])
    }

    /// The time in the signature was too far off.
    pub fn is_clock_refusal(&self) -> bool {
        self.is_one_of(&["RequestExpired", "RequestTimeTooSkewed"])
            || (self.is_one_of(&["SignatureDoesNotMatch", "InvalidSignatureException"])
                && (self.says("Signature expired") || self.says("Signature not yet current")))
    }

    /// The signature is for another region than the endpoint's.
    pub fn is_wrong_region(&self) -> bool {
        self.is_one_of(&["SignatureDoesNotMatch", "InvalidSignatureException"]) && self.says("scoped to a valid region")
    }

    /// The signature is wrong, and not for the time or the region in it: the secret access key does not belong to the key id.
    pub fn is_wrong_secret(&self) -> bool {
        self.is_one_of(&["SignatureDoesNotMatch", "InvalidSignatureException"])
            && !self.is_clock_refusal()
            && !self.is_wrong_region()
    }

    /// Too many requests.
    pub fn is_throttled(&self) -> bool {
        self.is_one_of(&[
            "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
            "TooManyRequestsException",
        ])
    }

    /// The service does not have the call: STS's own words, and those of services that imitate it.
    pub fn is_unknown_action(&self) -> bool {
        self.is_one_of(&[
            "InvalidAction", "UnknownOperationException", "UnknownAction", "NotImplemented", "NotImplementedException",
            "HTTP 404", "HTTP 501",
        ])
    }

    /// A device code waits for its approval.
    pub fn is_pending(&self) -> bool {
        self.is_one_of(&["AuthorizationPendingException"])
    }

    /// A device code was tried too soon: five seconds more between two tries (RFC 8628, 3.5).
    pub fn is_slow_down(&self) -> bool {
        self.is_one_of(&["SlowDownException"])
    }

    /// A device code has expired.
    pub fn is_code_expired(&self) -> bool {
        self.is_one_of(&["ExpiredTokenException"])
    }

    /// A grant is not accepted: a code or refresh token that was used or has expired, or a portal session that has ended.
    pub fn is_invalid_grant(&self) -> bool {
        self.is_one_of(&["InvalidGrantException"])
    }

    /// The client is not registered, or no more.
    pub fn is_invalid_client(&self) -> bool {
        self.is_one_of(&["InvalidClientException", "UnauthorizedClientException", "InvalidClientMetadataException"])
    }

    /// Whoever was asked to approve a sign-in has not; or the instance's own KMS key denies it.
    pub fn is_sign_in_declined(&self) -> bool {
        self.is_one_of(&["AccessDeniedException"])
    }

    /// The OIDC service does not know the start URL: it is wrong, or of another region.
    pub fn is_wrong_start_url(&self) -> bool {
        self.is_one_of(&["InvalidRequestException", "InvalidRequestRegionException"])
    }

    /// The portal does not take the access token: it has expired, or its session was ended.
    pub fn is_unauthorized(&self) -> bool {
        self.is_one_of(&["UnauthorizedException"])
    }

    /// The portal knows the token, and nothing is assigned by this account and name.
    pub fn is_no_access(&self) -> bool {
        self.is_one_of(&["ForbiddenException", "ResourceNotFoundException"])
    }

    /// There is nothing of the name the call is about.
    pub fn is_no_such_entity(&self) -> bool {
        self.is_one_of(&["NoSuchEntity"])
    }

    /// The answer is an error page of something that is not AWS: a proxy, a portal, a wrong endpoint.
    pub fn is_foreign_answer(&self) -> bool {
        self.code().is_some_and(|code| code.starts_with("HTTP "))
    }

    /// Whether the request never reached AWS, so that nothing it carried is used up.
    pub fn never_went_out(&self) -> bool {
        match self {
            AwsError::Unreachable { .. } | AwsError::Setup(_) => true,
            AwsError::Refused { .. } | AwsError::AnswerLost { .. } | AwsError::Invalid { .. } => false,
        }
    }

    /// Whether AWS certainly did not act on the request: it never went out, or was refused as it stood.
    ///
    /// A lost answer, a failure inside AWS (5xx) and an answer that is not AWS's own leave it open.
    pub fn means_request_not_processed(&self) -> bool {
        match self {
            AwsError::Refused { status, .. } => (400..500).contains(status) && !self.is_foreign_answer(),
            AwsError::Unreachable { .. } | AwsError::Setup(_) => true,
            AwsError::AnswerLost { .. } | AwsError::Invalid { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, message: &str) -> AwsError {
        AwsError::Refused { code: code.into(), message: message.into(), status: 403, request_id: None }
    }

    type Question = fn(&AwsError) -> bool;

    const QUESTIONS: [(&str, Question); 12] = [
        ("wrong code", AwsError::is_wrong_code),
        ("wrong device", AwsError::is_wrong_device),
        ("access denied", AwsError::is_access_denied),
        ("chaining limit", AwsError::is_chaining_limit),
        ("over maximum", AwsError::is_over_max_session_duration),
        ("invalid token", AwsError::is_invalid_client_token),
        ("expired", AwsError::is_expired),
        ("clock", AwsError::is_clock_refusal),
        ("wrong secret", AwsError::is_wrong_secret),
        ("wrong region", AwsError::is_wrong_region),
        ("throttled", AwsError::is_throttled),
        ("foreign", AwsError::is_foreign_answer),
    ];

    /// AWS's own words, each of exactly one kind.
    const CASES: [(&str, &str, &str); 17] = [
        ("SignatureDoesNotMatch", "Credential should be scoped to a valid region, not 'eu-west-9'. ", "wrong region"),
        ("AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", "wrong code"),
        (
            "AccessDenied",
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.",
            "wrong device",
        ),
        (
            "AccessDenied",
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            "wrong device",
        ),
        (
            "AccessDenied",
            "User: arn:aws:iam::111111111111:user/jane is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::222222222222:role/admin",
            "access denied",
        ),
        ("AccessDenied", "Cannot call GetSessionToken with session credentials", "access denied"),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            "chaining limit",
        ),
        (
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            "over maximum",
        ),
        ("InvalidClientTokenId", "The security token included in the request is invalid.", "invalid token"),
        ("ExpiredToken", "The security token included in the request is expired", "expired"),
        ("ExpiredTokenException", "The security token included in the request is expired", "expired"),
        (
            "SignatureDoesNotMatch",
            "Signature expired: 20220127T001427Z is now earlier than 20220127T014428Z (20220127T015928Z - 15 min.)",
            "clock",
        ),
        (
            "SignatureDoesNotMatch",
            "Signature not yet current: 20220127T021427Z is still later than 20220127T021428Z (20220127T015928Z + 15 min.)",
            "clock",
        ),
        ("RequestExpired", "Request has expired.", "clock"),
        (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            "wrong secret",
        ),
        ("Throttling", "Rate exceeded", "throttled"),
        ("HTTP 502", "the response did not come from AWS", "foreign"),
    ];

    #[test]
    fn each_refusal_is_of_exactly_one_kind() {
        for (code, message, kind) in CASES {
            let error = refused(code, message);
            let kinds: Vec<_> =
                QUESTIONS.iter().filter(|(_, question)| question(&error)).map(|(name, _)| *name).collect();
            assert_eq!(kinds, [kind], "{code}: {message}");
        }
    }

    #[test]
    fn only_a_request_that_never_went_out_or_was_refused_is_known_not_to_be_processed() {
        let status = |status| AwsError::Refused {
            code: "InternalFailure".into(),
            message: String::new(),
            status,
            request_id: None,
        };
        assert!(status(400).means_request_not_processed());
        assert!(!status(500).means_request_not_processed());
        assert!(!refused("HTTP 403", "").means_request_not_processed());
        let (endpoint, cause) = (String::new(), String::new());
        assert!(
            AwsError::Unreachable { endpoint: endpoint.clone(), cause: cause.clone() }.means_request_not_processed()
        );
        assert!(!AwsError::AnswerLost { endpoint, cause }.means_request_not_processed());
    }
}
