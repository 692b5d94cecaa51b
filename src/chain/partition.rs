//! The partitions of AWS: which a region or an ARN belongs to, and what its hosts are called.

/// A partition of AWS (botocore's `partitions.json`).
pub(super) struct Partition {
    pub(super) name: &'static str,
    /// What its regions start with; `aws` has those that match no other.
    region_prefix: &'static str,
    /// The region its calls go to where none is set.
    pub(super) default_region: &'static str,
    /// What its hosts end in.
    pub(super) suffix: &'static str,
    /// What its hosts that are reached by IPv6 too end in.
    pub(super) dual_stack_suffix: &'static str,
}

impl Partition {
    /// The one a region belongs to.
    pub(super) fn of_region(region: &str) -> &'static Partition {
        partition_of_region(region)
    }
}

const PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws-cn",
        region_prefix: "cn-",
        default_region: "cn-north-1",
        suffix: "amazonaws.com.cn",
        dual_stack_suffix: "api.amazonwebservices.com.cn",
    },
    Partition {
        name: "aws-us-gov",
        region_prefix: "us-gov-",
        default_region: "us-gov-west-1",
        suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
    },
    Partition {
        name: "aws-iso",
        region_prefix: "us-iso-",
        default_region: "us-iso-east-1",
        suffix: "c2s.ic.gov",
        dual_stack_suffix: "api.aws.ic.gov",
    },
    Partition {
        name: "aws-iso-b",
        region_prefix: "us-isob-",
        default_region: "us-isob-east-1",
        suffix: "sc2s.sgov.gov",
        dual_stack_suffix: "api.aws.scloud",
    },
    Partition {
        name: "aws-iso-e",
        region_prefix: "eu-isoe-",
        default_region: "eu-isoe-west-1",
        suffix: "cloud.adc-e.uk",
        dual_stack_suffix: "api.cloud-aws.adc-e.uk",
    },
    Partition {
        name: "aws-iso-f",
        region_prefix: "us-isof-",
        default_region: "us-isof-south-1",
        suffix: "csp.hci.ic.gov",
        dual_stack_suffix: "api.aws.hci.ic.gov",
    },
    Partition {
        name: "aws-eusc",
        region_prefix: "eusc-",
        default_region: "eusc-de-east-1",
        suffix: "amazonaws.eu",
        dual_stack_suffix: "api.amazonwebservices.eu",
    },
    Partition {
        name: "aws",
        region_prefix: "",
        default_region: "us-east-1",
        suffix: "amazonaws.com",
        dual_stack_suffix: "api.aws",
    },
];

/// The partition in an ARN's second part; none for a text that is no ARN of a known partition.
pub(super) fn partition_of_arn(arn: &str) -> Option<&'static Partition> {
    let name = arn.strip_prefix("arn:")?.split(':').next()?;
    PARTITIONS.iter().find(|partition| partition.name == name)
}

/// The partition of a region, as ARNs name it.
pub fn partition_name(region: &str) -> &'static str {
    partition_of_region(region).name
}

/// The region that stands for the whole partition of `region`: `us-east-1` for all of AWS's commercial ones.
pub fn default_region(region: &str) -> &'static str {
    partition_of_region(region).default_region
}

fn partition_of_region(region: &str) -> &'static Partition {
    PARTITIONS.iter().find(|partition| region.starts_with(partition.region_prefix)).expect("`aws` takes every region")
}
