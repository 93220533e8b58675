// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {POWER_PURCHASE_ORDER, POWER_SALE_ORDER} from "../../../contracts/interfaces/IKeyring.sol";
import {BulkOrder} from "../../../contracts/libraries/BulkOrder.sol";
import {BulkVector, BulkVectors} from "../support/BulkVectors.sol";
import {BulkTree} from "../support/BulkTree.sol";
import {Test} from "../support/Test.sol";
import {vm} from "../support/Vm.sol";

/// unwrap
///   given the trees of test/vectors/bulk-orders.json   it should agree with viem and ethers on what was signed
///   given what is not bulk                             it should give it back as it came
///   given any tree                                     it should find the root that the whole tree has
contract BulkOrderTest is Test {
    function unwrap(
        uint16 power,
        bytes32 structHash,
        bytes calldata signature
    ) external pure returns (bytes32, bytes memory) {
        (bytes32 signed, bytes calldata inner) = BulkOrder.unwrap(power, structHash, signature);
        return (signed, inner);
    }

    function _domain() private pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        return
            keccak256(
                abi.encode(typeHash, keccak256("Hanse Clerk"), keccak256("1"), BulkVectors.CHAIN, BulkVectors.CLERK)
            );
    }

    function test_agreesWithWalletLibraries() external view {
        for (uint256 i = 0; i < BulkVectors.COUNT; ++i) {
            BulkVector memory v = BulkVectors.vector(i);
            (bytes32 signed, bytes memory inner) = this.unwrap(v.power, v.leaf, v.signature);
            assertEq(signed, v.structHash, "struct hash");
            assertEq(keccak256(abi.encodePacked(hex"1901", _domain(), signed)), v.digest, "digest");
            assertEq(ECDSA.recover(v.digest, inner), BulkVectors.SIGNER, "signer");
        }
    }

    function _asItCame(uint16 power, bytes32 hash, bytes memory signature) private view {
        (bytes32 signed, bytes memory inner) = this.unwrap(power, hash, signature);
        assertEq(signed, hash, "the hash");
        assertEq(keccak256(inner), keccak256(signature), "the signature");
    }

    function testFuzz_givesBackWhatIsNotBulk(uint16 power, bytes32 hash, bytes calldata signature) external view {
        uint256 n = signature.length;
        vm.assume(n < 4 || bytes4(signature[n - 4:]) != "bulk");
        _asItCame(power, hash, signature);
    }

    function testFuzz_givesBackOtherHeights(uint8 height, bytes32 hash, bytes calldata signature) external view {
        if (height >= 1 && height <= 10) height += 10;
        _asItCame(1, hash, abi.encodePacked(signature, height, "bulk"));
    }

    function testFuzz_givesBackWhatIsTooShort(uint8 height, uint16 length, bytes32 hash) external view {
        height = uint8(bound(height, 1, 10));
        length = uint16(bound(length, 0, 32 * uint256(height) + 1));
        // Proof and index together are a byte short at least.
        _asItCame(1, hash, abi.encodePacked(new bytes(length), height, "bulk"));
        _asItCame(1, hash, "bulk");
        _asItCame(1, hash, "");
    }

    function testFuzz_givesBackWhatIsNoOrder(uint16 power, bytes32 hash, bytes32[3] calldata proof) external view {
        power = uint16(bound(power, 8, type(uint16).max));
        // None at all is no order's either.
        if (power == 8) power = 0;
        vm.assume(power != POWER_SALE_ORDER && power != POWER_PURCHASE_ORDER);
        _asItCame(power, hash, abi.encodePacked(proof, uint16(0), uint8(3), "bulk"));
    }

    function testFuzz_findsTheRoot(uint8 height, uint16 index, bytes32 leaf, bytes calldata inner) external view {
        height = uint8(bound(height, 1, 7));
        index = uint16(index % (1 << height));
        bytes32[] memory leaves = BulkTree.leavesAround(leaf, index, height, 1);
        bytes memory signature = BulkTree.encode(inner, BulkTree.proofOf(leaves, index), index);
        (bytes32 signed, bytes memory inner_) = this.unwrap(4, leaf, signature);
        bytes32 expected = keccak256(abi.encode(BulkOrder.typeHash(4, height), BulkTree.rootOf(leaves)));
        assertEq(signed, expected, "type hash and root");
        assertEq(keccak256(inner_), keccak256(inner), "the signature inside");
    }
}
