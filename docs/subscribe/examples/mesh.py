"""Collects notices from your MESH mailbox and answers them.  pip install mesh-client"""

import json
import os
import sys
import uuid

from mesh_client import MeshClient

ITK3 = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-ResponseCode-1"


def acknowledgement(header_id: str, code: str) -> bytes:
    """41001 it is ours, 41002 it is not, 41022 we refuse it."""
    outcome, header = str(uuid.uuid4()), str(uuid.uuid4())
    issue = {
        "severity": "information",
        "code": "informational",
        "details": {"coding": [{"system": ITK3, "code": code}]},
    }
    said = {"identifier": header_id, "code": "ok", "details": {"reference": f"urn:uuid:{outcome}"}}
    resources = [
        {"resourceType": "MessageHeader", "id": header, "response": said},
        {"resourceType": "OperationOutcome", "id": outcome, "issue": [issue]},
    ]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": entries}).encode()


def collect(client: MeshClient, code: str = "41001") -> None:
    """Store each message, answer it, and only then take it out of the mailbox."""
    for message_id in client.list_messages():
        message = client.retrieve_message(message_id)
        bundle = json.loads(message.read())
        header = bundle["entry"][0]["resource"]
        # local_id is the notice's id: a repeat has the same and must change nothing.
        sys.stdout.write(f"{message.local_id}\n")
        workflow = f"{message.workflow_id}_ACK"
        client.send_message(
            message.sender, acknowledgement(header["id"], code), workflow_id=workflow
        )
        client.acknowledge_message(message_id)


if __name__ == "__main__":
    with MeshClient(
        os.environ["MESH_URL"],
        os.environ["MESH_MAILBOX"],
        os.environ["MESH_PASSWORD"],
        shared_key=os.environ["MESH_SHARED_KEY"].encode(),
    ) as mailbox:
        collect(mailbox)
