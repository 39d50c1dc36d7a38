"""What tests may rely on in the emulated AWS."""

from __future__ import annotations

import email.utils
import json
import time
import unittest
import urllib.error
import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.tests.running import running

ROLE = "arn:aws:iam::123456789012:role/cluster"


class AwsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.endpoint = cls.enterClassContext(running("aws")).about["aws"]["endpoint"]

    def setUp(self) -> None:
        self.control("DELETE", "/emulator/faults")
        self.control("POST", "/moto-api/reset")
        self.control("DELETE", "/emulator/requests")

    def control(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoint + path, data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def client(self, service: str, access_key: str = "test") -> Any:
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name="eu-west-1", aws_access_key_id=access_key,
            aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}),
        )

    def refusal(self, call: Any, **arguments: object) -> str:
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        return caught.exception.response["Error"]["Code"]

    def create_cluster(self, name: str = "dev") -> Any:
        eks = self.client("eks")
        eks.create_cluster(name=name, roleArn=ROLE, version="1.33", resourcesVpcConfig={"subnetIds": ["subnet-1"]})
        return eks

    def test_wrong_credentials_are_refused_as_each_service_words_it(self) -> None:
        calls = {"ec2": "describe_vpcs", "eks": "list_clusters", "sts": "get_caller_identity", "s3": "list_buckets"}
        said = {service: self.refusal(getattr(self.client(service, "denied-key"), call))
                for service, call in calls.items()}
        self.assertEqual(said, {"ec2": "AuthFailure", "eks": "UnrecognizedClientException",
                                "sts": "InvalidClientTokenId", "s3": "InvalidAccessKeyId"})

    def test_an_ordered_error_strikes_as_often_as_it_was_ordered(self) -> None:
        self.control("POST", "/emulator/faults", {
            "kind": "error", "service": "ec2", "operation": "CreateVpc", "status": 400, "code": "VpcLimitExceeded",
            "times": 1})
        ec2 = self.client("ec2")
        self.assertEqual(self.refusal(ec2.create_vpc, CidrBlock="10.0.0.0/16"), "VpcLimitExceeded")
        self.assertIn("VpcId", ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"])

    def test_what_is_lost_was_done_and_only_where_it_was_ordered(self) -> None:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="lost", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.control("POST", "/emulator/faults",
                     {"kind": "lost", "service": "s3", "operation": "PutObject", "path": "/lost/runs/*", "times": 1})
        s3.put_object(Bucket="lost", Key="else", Body=b"1")
        self.assertEqual(self.refusal(s3.put_object, Bucket="lost", Key="runs/a", Body=b"2"), "SlowDown")
        self.assertEqual(s3.get_object(Bucket="lost", Key="runs/a")["Body"].read(), b"2")
        s3.put_object(Bucket="lost", Key="runs/b", Body=b"3")

    def test_a_clock_is_as_far_off_as_it_was_ordered(self) -> None:
        self.control("POST", "/emulator/faults", {"kind": "skew", "service": "s3", "operation": "*", "seconds": 3600})
        headers = self.client("s3").list_buckets()["ResponseMetadata"]["HTTPHeaders"]
        ahead = email.utils.parsedate_to_datetime(headers["date"]).timestamp() - time.time()
        self.assertAlmostEqual(ahead, 3600, delta=60)

    def test_a_fault_that_makes_no_sense_is_refused(self) -> None:
        with self.assertRaises(urllib.error.HTTPError) as caught:
            self.control("POST", "/emulator/faults", {"kind": "error", "service": "ec2"})
        with caught.exception as answer:
            self.assertEqual((answer.code, json.loads(answer.read())), (400, {"error": "error needs a valid 'operation'"}))

    def test_a_cluster_can_be_kept_from_becoming_active(self) -> None:
        eks = self.create_cluster("dev")
        self.control("POST", "/emulator/faults",
                     {"kind": "status", "resource": "cluster", "name": "de*", "status": "CREATING"})
        cluster = eks.describe_cluster(name="dev")["cluster"]
        self.assertEqual((cluster["status"], cluster.get("endpoint")), ("CREATING", None))
        self.control("DELETE", "/emulator/faults")
        self.assertEqual(eks.describe_cluster(name="dev")["cluster"]["status"], "ACTIVE")

    def test_requests_are_counted_by_operation(self) -> None:
        eks = self.create_cluster()
        eks.describe_cluster(name="dev")
        eks.list_addons(clusterName="dev")
        self.assertEqual(self.control("GET", "/emulator/requests")["operations"],
                         {"eks.CreateCluster": 1, "eks.DescribeCluster": 1, "eks.ListAddons": 1})

    def test_versions_go_up_one_minor_at_a_time(self) -> None:
        eks = self.create_cluster()
        self.assertEqual(self.refusal(eks.update_cluster_version, name="dev", version="1.35"),
                         "InvalidParameterException")
        update = eks.update_cluster_version(name="dev", version="1.34")["update"]
        self.assertEqual(eks.describe_update(name="dev", updateId=update["id"])["update"]["status"], "Successful")
        self.assertEqual(eks.describe_cluster(name="dev")["cluster"]["version"], "1.34")

    def test_a_node_group_takes_the_version_of_its_cluster(self) -> None:
        eks = self.create_cluster()
        group = eks.create_nodegroup(clusterName="dev", nodegroupName="main", nodeRole=ROLE, subnets=["subnet-1"])
        self.assertEqual(group["nodegroup"]["version"], "1.33")
        # Terraform replaces the group at every plan where AWS answers an access that it did not ask for.
        self.assertNotIn("remoteAccess", group["nodegroup"])

    def test_an_operation_that_is_not_there_says_so(self) -> None:
        self.assertEqual(self.refusal(self.client("eks").list_eks_anywhere_subscriptions), "NotImplemented")


if __name__ == "__main__":
    unittest.main()
